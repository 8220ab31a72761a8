import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AcknowledgeBodySchema, ClusterViewSchema, ErrorBodySchema } from '../../protocol/api.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

/** POST acknowledge: an operator has seen what failed. Answered with the cluster as it then is. */
export const acknowledgeRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  app.post('/v1/clusters/:cluster/acknowledge', {
    config: { role: 'operator' } as const,
    schema: {
      summary: 'Automatic failovers were seen: they use up no budget and lock no node out any more',
      params: ClusterParamsSchema,
      body: AcknowledgeBodySchema,
      response: { 200: ClusterViewSchema, 404: ErrorBodySchema, 409: ErrorBodySchema }
    }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.acknowledge(request.body, request.actor)
    return service.view()
  })
}
