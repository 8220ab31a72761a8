import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { DURATION_PATTERN, formatDurationMs, parseDurationMs } from '../../protocol/duration.ts'
import type { Report } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import { GUARD_LEAD_MS } from '../guard-lead.ts'
import { ClusterNotNamedError } from './api-errors.ts'
import type { LagWatch } from './lag-watch.ts'
import { unitOf, type RouteOptions } from './unit-of.ts'

export interface HealthOptions extends RouteOptions {
  readonly lag: LagWatch
  /** Why nobody can speak to this agent: its certificate; null: it is good, or there is none. */
  readonly certificateReason: () => string | null
}

const ClusterName = Type.Optional(Type.String({ minLength: 1, maxLength: 63 }))
const ActiveQuery = Type.Object({ cluster: ClusterName }, { additionalProperties: false })
const BackupQuery = Type.Object({ cluster: ClusterName, maxLag: Type.Optional(Type.String({ pattern: DURATION_PATTERN, maxLength: 20 })) }, { additionalProperties: false })

/** For service managers and load balancers: the status says everything, the body says why. Open to every peer. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, options) => {
  const config = { anyPeer: true }

  /** The event loop turns. Knows nothing of databases: a broken database is no reason to restart the agent. */
  app.get('/healthz', { config }, async () => ({ ok: true }))
  app.get('/live', { config }, async () => ({ node: options.node, live: true }))

  app.get('/readyz', { config }, async (_request, reply) => {
    const certificate = options.certificateReason()
    const reasons = [...(certificate === null ? [] : [certificate]), ...[...options.units.values()].flatMap(unit => notReadyReasons(unit.report()))]
    return await reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons })
  })

  app.get('/active', { config, schema: { querystring: ActiveQuery } }, async (request, reply) => {
    const { cluster = onlyCluster(options) } = request.query
    const reason = inactiveReason(unitOf(options, cluster).report())
    return await reply.code(reason === null ? 200 : 503).header('cache-control', 'no-store').send({ cluster, node: options.node, active: reason === null, reason })
  })

  app.get('/backup', { config, schema: { querystring: BackupQuery } }, async (request, reply) => {
    const { cluster = onlyCluster(options), maxLag } = request.query
    const report = unitOf(options, cluster).report()
    const nowMs = monotonicMs()
    options.lag.look(report, nowMs)
    const reason = noBackupReason(report, server => options.lag.ageMs(cluster, server, nowMs), maxLag === undefined ? null : parseDurationMs(maxLag) ?? 0)
    return await reply.code(reason === null ? 200 : 503).header('cache-control', 'no-store').send({ cluster, node: options.node, backup: reason === null, reason })
  })
}

function onlyCluster ({ units }: RouteOptions): string {
  const names = [...units.keys()]
  const [only] = names
  if (only === undefined || names.length > 1) throw new ClusterNotNamedError(names)
  return only
}

function notReadyReasons ({ cluster, phase, voter }: Report): string[] {
  return [
    ...(phase === 'starting' ? [`${cluster}: it is starting`] : []),
    ...(voter.problem === null ? [] : [`${cluster}: it cannot vote: ${voter.problem}`])
  ]
}

/**
 * Null exactly while this node serves under an unexpired lease (S2) that the guard still lets clients in by: whoever is
 * sent here after that meets a shut port.
 */
export function inactiveReason ({ phase, lease }: Report): string | null {
  if (phase !== 'active') return `the node is ${phase}, not active`
  if (!lease.held || lease.remainingMs <= 0) return 'the lease has ended'
  if (lease.remainingMs <= GUARD_LEAD_MS) return 'the lease is about to end'
  return null
}

/**
 * Null while every server here is a whole copy that replicates. `ageMs` is how old a server's newest heartbeat is: with a
 * `maxLagMs` a copy whose source fell silent is no backup any more either.
 */
export function noBackupReason ({ phase, following, servers }: Report, ageMs: (server: string) => number | null, maxLagMs: number | null): string | null {
  if (phase !== 'backup') return `the node is ${phase}, no backup`
  if (following === null) return 'the node follows nobody'
  for (const { name, health, role, replication, complete } of servers) {
    if (health !== 'up') return `${name} is ${health}`
    if (role !== 'backup') return `${name} is ${role}, no backup`
    if (replication !== 'replicating') return `${name} does not replicate from ${following}`
    if (!complete) return `the copy of ${name} is not complete`
    const lagMs = ageMs(name)
    if (maxLagMs === null || (lagMs !== null && lagMs <= maxLagMs)) continue
    return lagMs === null ? `no heartbeat of ${name} was seen yet` : `${name} is ${formatDurationMs(Math.round(lagMs))} behind, more than ${formatDurationMs(maxLagMs)}`
  }
  return null
}
