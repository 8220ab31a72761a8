import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { CompareCopiesBodySchema, CopyComparisonsSchema } from '../../protocol/copy-comparison.ts'
import { ClusterRescuesSchema, RescueIdSchema, RescueRemoveBodySchema, RescueSignBodySchema, RescueViewSchema } from '../../protocol/rescue.ts'
import { ApplyBodySchema, ApplyReplySchema, DiffQuerySchema, RescueDiffSchema } from '../../protocol/rescue-replay.ts'
import type { RescueDesk } from '../rescue-desk.ts'
import { ClusterUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './service-of.ts'

export type RescueDesks = ReadonlyMap<string, RescueDesk>

const params = Type.Object({ ...ClusterParamsSchema.properties, id: RescueIdSchema })
const refused = { 404: ErrorBodySchema, 409: ErrorBodySchema, 502: ErrorBodySchema, 503: ErrorBodySchema }

/** What was kept of a node's data before it was overwritten (S7). What is in a database is for operators; that there is a rescue is for viewers too. */
export const rescueRoutes: FastifyPluginAsyncTypebox<{ rescues: RescueDesks }> = async (app, { rescues }) => {
  const [viewer, operator] = [{ role: 'viewer' } as const, { role: 'operator' } as const]
  const path = '/v1/clusters/:cluster/rescues'
  function deskOf (cluster: string): RescueDesk {
    const desk = rescues.get(cluster)
    if (desk === undefined) throw new ClusterUnknownError(cluster, [...rescues.keys()])
    return desk
  }

  app.get(path, {
    config: viewer,
    schema: { summary: 'The rescues of all data nodes, newest first', params: ClusterParamsSchema, response: { 200: ClusterRescuesSchema, ...refused } }
  }, async ({ params: { cluster } }) => await deskOf(cluster).list())

  app.get(`${path}/:id`, {
    config: viewer,
    schema: { summary: 'One rescue: what it is of, why it was taken, how far it was, what the active lacked', params, response: { 200: RescueViewSchema, ...refused } }
  }, async ({ params: { cluster, id } }) => await deskOf(cluster).show(id))

  // a POST: it says in the log who read what is in a database, and it may take longer than a read
  app.post(`${path}/:id/diff`, {
    config: operator,
    schema: { summary: 'How its rows differ from those of the active now', params, body: DiffQuerySchema, response: { 200: RescueDiffSchema, ...refused } }
  }, async ({ params: { cluster, id }, body }) => await deskOf(cluster).diff(id, body))

  app.post(`${path}/:id/acknowledge`, {
    config: operator,
    schema: { summary: 'It was seen: it may go when room is needed, or when it is old', params, body: RescueSignBodySchema, response: { 200: RescueViewSchema, ...refused } }
  }, async ({ params: { cluster, id }, body, actor }) => await deskOf(cluster).acknowledge(id, body, actor))

  app.post(`${path}/:id/remove`, {
    config: operator,
    schema: { summary: 'Delete it; `force` also one that nobody acknowledged', params, body: RescueRemoveBodySchema, response: { 200: RescueViewSchema, ...refused } }
  }, async ({ params: { cluster, id }, body, actor }) => await deskOf(cluster).remove(id, body, actor))

  app.post('/v1/clusters/:cluster/failover/compare', {
    config: operator,
    schema: { summary: 'Before a node is forced: the rows per table that other nodes have and it lacks, where both copies can be read; reads whole databases, changes nothing', params: ClusterParamsSchema, body: CompareCopiesBodySchema, response: { 200: CopyComparisonsSchema, ...refused } }
  }, async ({ params: { cluster }, body }) => await deskOf(cluster).compareCopies(body.to))

  app.post(`${path}/:id/apply`, {
    config: operator,
    schema: { summary: 'Bring rows of it back into the active: all of the chosen ones in one transaction, or none', params, body: ApplyBodySchema, response: { 200: ApplyReplySchema, 400: ErrorBodySchema, ...refused } }
  }, async ({ params: { cluster, id }, body, actor }) => await deskOf(cluster).apply(id, body, actor))
}
