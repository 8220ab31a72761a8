import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ClusterViewSchema, ErrorBodySchema } from '../../protocol/api.ts'
import { PreferenceBodySchema } from '../../protocol/preference.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const params = Type.Object({ ...ClusterParamsSchema.properties, node: Type.String({ minLength: 1, maxLength: 32 }) })
const response = { 200: ClusterViewSchema, 400: ErrorBodySchema, 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema }

/** POST …/nodes/:node/preference: whom to promote rather, or not at all. Answered with the cluster as it then is. */
export const preferenceRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  app.post('/v1/clusters/:cluster/nodes/:node/preference', {
    config: { role: 'operator' } as const,
    schema: { summary: 'Prefer, avoid or rule out a node at promotions, for a time or until it is neutral again; who serves, serves on', params, body: PreferenceBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.prefer(request.params.node, request.body, request.actor)
    return service.view()
  })
}
