import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { PlanBodySchema, PlannedListSchema, PlannedSwitchoverSchema, PreviewQuerySchema, SwitchoverPreviewSchema } from '../../protocol/planned.ts'
import type { Store } from '../store/store.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'
import { outageOf } from './switchover-outage.ts'

const HISTORY_READ = 500

/** Switchovers for a set time: POST, GET, cancel; and GET preview: what one would do now. */
export const plannedRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices, store: Store }> = async (app, { clusters, store }) => {
  const refusals = { 400: ErrorBodySchema, 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema }
  const path = '/v1/clusters/:cluster/planned-switchovers'

  app.post(path, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Plan a switchover: whoever leads then runs it, at its time or within its bound, once', params: ClusterParamsSchema, body: PlanBodySchema, response: { 201: PlannedSwitchoverSchema, ...refusals } }
  }, async (request, reply) => {
    const planned = await serviceOf(clusters, request.params.cluster).plan(request.body, request.actor)
    reply.code(201)
    return planned
  })

  app.get(path, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'The planned switchovers that wait or have just begun, the next one first', params: ClusterParamsSchema, response: { 200: PlannedListSchema, 404: ErrorBodySchema } }
  }, async request => ({ planned: serviceOf(clusters, request.params.cluster).planned().toSorted((a, b) => a.at < b.at ? -1 : 1) }))

  app.post(`${path}/:id/cancel`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Take back a planned switchover that has not begun', params: Type.Object({ ...ClusterParamsSchema.properties, id: Type.String({ minLength: 1, maxLength: 32 }) }), response: { 200: PlannedListSchema, ...refusals } }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.cancelPlan(request.params.id, request.actor)
    return { planned: [...service.planned()] }
  })

  app.get('/v1/clusters/:cluster/switchover/preview', {
    config: { role: 'viewer' } as const,
    schema: { summary: 'What a switchover would do now, whom it would promote, why not the others, and what outage to expect; nothing is done', params: ClusterParamsSchema, querystring: PreviewQuerySchema, response: { 200: SwitchoverPreviewSchema, 404: ErrorBodySchema } }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    const { undoneAfterMs, ...preview } = service.previewSwitchover(request.query.to ?? null)
    return { ...preview, outage: { ...outageOf(await store.history({ cluster: service.name, limit: HISTORY_READ })), undoneAfterMs } }
  })
}
