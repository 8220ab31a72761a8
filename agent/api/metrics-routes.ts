import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { StaleTermError } from '../../protocol/order-errors.ts'
import type { StatisticsService } from '../statistics-service.ts'
import { watchLag, type LagWatch } from './lag-watch.ts'
import { countHappenings, createAgentMetrics, observeReports, observeStatistics, type AboutAgent } from './metrics.ts'
import type { Units } from './unit-of.ts'

export type Statistics = ReadonlyMap<string, StatisticsService>

/** `GET /metrics`, and what is counted between two of them. For anybody whose certificate the authority signed. Returns what knows how far behind each server is. */
export function metricsRoutes (app: FastifyInstance, { units, statistics, registry, about }: { readonly units: Units, readonly statistics: Statistics, readonly registry: Registry, readonly about: AboutAgent }): LagWatch {
  const metrics = createAgentMetrics(registry, about)
  const stopCounting = countHappenings(metrics, units.values())
  const stopWatching = watchLag(metrics.lag, units.values())
  app.addHook('onClose', async () => {
    stopCounting()
    stopWatching()
    for (const one of statistics.values()) one.close()
  })
  app.addHook('onError', async (_request, _reply, error: unknown) => {
    if (error instanceof StaleTermError && error.cluster !== undefined) metrics.staleTerms.inc({ cluster: error.cluster })
  })
  app.get('/metrics', { config: { anyPeer: true } }, async (_request, reply) => {
    const read = await Promise.all([...statistics].map(async ([cluster, one]) => (await one.read()).map(server => ({ ...server, cluster }))))
    // nothing waits from here on: two scrapes at one time would reset each other's gauges
    observeStatistics(metrics, read.flat())
    observeReports(metrics, [...units.values()].map(unit => unit.report()))
    return await reply.type(registry.contentType).send(await registry.metrics())
  })
  return metrics.lag
}
