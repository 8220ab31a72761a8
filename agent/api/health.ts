import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Report } from '../../protocol/report.ts'
import { ClusterNotNamedError } from './api-errors.ts'
import { unitOf, type RouteOptions } from './unit-of.ts'

const ActiveQuery = Type.Object({ cluster: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })) }, { additionalProperties: false })

/** For service managers and load balancers: the status says everything, the body says why. Open to every peer. */
export const healthRoutes: FastifyPluginAsyncTypebox<RouteOptions & { readonly certificateReason: () => string | null }> = async (app, options) => {
  const config = { anyPeer: true }

  /** The event loop turns. Knows nothing of databases: a broken database is no reason to restart the agent. */
  app.get('/healthz', { config }, async () => ({ ok: true }))

  app.get('/readyz', { config }, async (_request, reply) => {
    const certificate = options.certificateReason()
    const reasons = [...(certificate === null ? [] : [certificate]), ...[...options.units.values()].flatMap(unit => notReadyReasons(unit.report()))]
    return await reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons })
  })

  app.get('/active', { config, schema: { querystring: ActiveQuery } }, async (request, reply) => {
    const { cluster = onlyCluster(options) } = request.query
    const report = unitOf(options, cluster).report()
    const reason = inactiveReason(report)
    return await reply.code(reason === null ? 200 : 503).send({ cluster, node: options.node, active: reason === null, reason })
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

/** Null exactly while this node serves under an unexpired lease (S2). */
export function inactiveReason ({ phase, lease }: Report): string | null {
  if (phase !== 'active') return `the node is ${phase}, not active`
  if (!lease.held || lease.remainingMs <= 0) return 'the lease has ended'
  return null
}
