// Every metric of agent and controller as the code registers it.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { createAgentMetrics } from '../../agent/api/metrics.ts'
import { createControllerMetrics } from '../../controller/metrics.ts'

export interface KnownMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
}

export function agentMetrics (): readonly KnownMetric[] {
  const registry = new Registry()
  createAgentMetrics(registry, { node: 'n1', version: '1', certificate: null })
  return metricsOf(registry).map(metric => ({ ...metric, labels: [...metric.labels, 'node'] }))
}

/** Without the process' own, which have names that all Node.js programs share. */
export function controllerMetrics (): readonly KnownMetric[] {
  return metricsOf(createControllerMetrics({ version: '1' }).registry).filter(({ name }) => name.startsWith('ovsdb_ha_'))
}

function metricsOf (registry: Registry): readonly KnownMetric[] {
  return registry.getMetricsAsArray().map(metric => {
    const { name, help, labelNames } = metric as unknown as { readonly name: string, readonly help: string, readonly labelNames: readonly string[] }
    return { name, help, labels: labelNames, type: typeOf(metric, name) }
  })
}

function typeOf (metric: unknown, name: string): KnownMetric['type'] {
  if (metric instanceof Counter) return 'counter'
  if (metric instanceof Gauge) return 'gauge'
  if (metric instanceof Histogram) return 'histogram'
  throw new TypeError(`${name} is no counter, gauge or histogram`)
}
