import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { CompareBodySchema, CopyComparisonSchema } from '../../protocol/copy-comparison.ts'
import { ActorSchema, AgentRemoveBodySchema, RescueIdSchema, RescueListSchema, RescueViewSchema } from '../../protocol/rescue.ts'
import { AppliedBodySchema, DiffRequestSchema, PlanRequestSchema, ReplayPlanSchema, ReplayReplySchema, ReplayRequestSchema, RescueDiffSchema } from '../../protocol/rescue-replay.ts'
import type { RescueService } from '../rescue-service.ts'
import { UnitUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './unit-of.ts'

/** By cluster; a witness has none. */
export type RescueServices = ReadonlyMap<string, RescueService>

interface RescueRouteOptions {
  readonly rescues: RescueServices
  readonly node: string
}

/** The operations of some thousand rows. */
const REPLAY_BYTES_MAX = 16 * 1024 * 1024

const params = Type.Object({ ...ClusterParamsSchema.properties, id: RescueIdSchema })
const view = { 200: RescueViewSchema }

/** What controllers ask about rescues (S7), in the name of an operator. */
export const rescueRoutes: FastifyPluginAsyncTypebox<RescueRouteOptions> = async (app, { rescues, node }) => {
  function serviceOf (cluster: string): RescueService {
    const service = rescues.get(cluster)
    if (service === undefined) throw new UnitUnknownError(cluster, node, [...rescues.keys()])
    return service
  }
  const path = '/v1/clusters/:cluster/rescues'

  app.get(path, { schema: { params: ClusterParamsSchema, response: { 200: RescueListSchema } } }, async ({ params: { cluster } }) => await serviceOf(cluster).list())
  app.get(`${path}/:id`, { schema: { params, response: view } }, async ({ params: { cluster, id } }) => await serviceOf(cluster).show(id))
  app.post(`${path}/:id/acknowledge`, { schema: { params, body: ActorSchema, response: view } }, async ({ params: { cluster, id }, body }) => await serviceOf(cluster).acknowledge(id, body))
  app.post(`${path}/:id/remove`, { schema: { params, body: AgentRemoveBodySchema, response: view } }, async ({ params: { cluster, id }, body }) => await serviceOf(cluster).remove(id, body))
  app.post(`${path}/:id/diff`, { schema: { params, body: DiffRequestSchema, response: { 200: RescueDiffSchema } } }, async ({ params: { cluster, id }, body }) => await serviceOf(cluster).diff(id, body))
  app.post(`${path}/:id/plan`, { schema: { params, body: PlanRequestSchema, response: { 200: ReplayPlanSchema } } }, async ({ params: { cluster, id }, body }) => await serviceOf(cluster).plan(id, body))
  app.post(`${path}/:id/applied`, { schema: { params, body: AppliedBodySchema, response: view } }, async ({ params: { cluster, id }, body }) => await serviceOf(cluster).applied(id, body))
  app.post('/v1/clusters/:cluster/comparisons', { schema: { params: ClusterParamsSchema, body: CompareBodySchema, response: { 200: CopyComparisonSchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).compareCopies(body.source))
  app.post('/v1/clusters/:cluster/replays', { bodyLimit: REPLAY_BYTES_MAX, schema: { params: ClusterParamsSchema, body: ReplayRequestSchema, response: { 200: ReplayReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).replay(body))
}
