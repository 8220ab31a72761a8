import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { UpgradeBodySchema, UpgradeCheckSchema, UpgradeRunBodySchema, UpgradeViewSchema } from '../../protocol/upgrade.ts'
import type { UpgradeDesk } from '../upgrade-desk.ts'
import { ClusterUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './service-of.ts'

export type UpgradeDesks = ReadonlyMap<string, UpgradeDesk>

const refused = { 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema }

/** Planned restarts of all servers: what would happen and what happens is for viewers, ordering it for operators. */
export const upgradeRoutes: FastifyPluginAsyncTypebox<{ upgrades: UpgradeDesks }> = async (app, { upgrades }) => {
  const path = '/v1/clusters/:cluster/upgrade'
  const params = ClusterParamsSchema
  function deskOf (cluster: string): UpgradeDesk {
    const desk = upgrades.get(cluster)
    if (desk === undefined) throw new ClusterUnknownError(cluster, [...upgrades.keys()])
    return desk
  }

  app.get(path, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'The rolling restart that runs, or the last one, step by step', params, response: { 200: UpgradeViewSchema, 404: ErrorBodySchema } }
  }, async ({ params: { cluster } }) => deskOf(cluster).show())

  app.get(`${path}/check`, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'Versions of programs and schemas on every node, which copy could follow which, and what a rolling restart would do', params, response: { 200: UpgradeCheckSchema, 404: ErrorBodySchema } }
  }, async ({ params: { cluster } }) => await deskOf(cluster).check())

  app.post(`${path}/run`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Restart all servers, the backups one at a time, then, after a switchover, the old active; with `convert` after a snapshot, and onto the schema files of the nodes; answered when it has begun', params, body: UpgradeRunBodySchema, response: { 200: UpgradeViewSchema, ...refused, 502: ErrorBodySchema } }
  }, async ({ params: { cluster }, body, actor }) => await deskOf(cluster).run(actor, body))

  app.post(`${path}/stop`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Order nothing more; what was ordered comes to its end', params, body: UpgradeBodySchema, response: { 200: UpgradeViewSchema, ...refused } }
  }, async ({ params: { cluster }, body, actor }) => await deskOf(cluster).stop(actor, body.reason ?? ''))

  app.post(`${path}/resume`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Let a rolling restart that was stopped go on where it is', params, response: { 200: UpgradeViewSchema, ...refused } }
  }, async ({ params: { cluster }, actor }) => await deskOf(cluster).resume(actor))
}
