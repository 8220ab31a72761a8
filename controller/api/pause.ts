import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ClusterViewSchema, ErrorBodySchema, PauseBodySchema } from '../../protocol/api.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const response = { 200: ClusterViewSchema, 404: ErrorBodySchema, 409: ErrorBodySchema }

/** POST pause and resume: no decisions in between; renewals, and so service, go on (S10). Answered with the cluster as it then is. */
export const pauseRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  const config = { role: 'operator' } as const

  app.post('/v1/clusters/:cluster/pause', {
    config,
    schema: { summary: 'Stop decisions; the cluster keeps serving', params: ClusterParamsSchema, body: PauseBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.pause(request.body, request.actor)
    return service.view()
  })

  app.post('/v1/clusters/:cluster/resume', {
    config,
    schema: { summary: 'Take up decisions again', params: ClusterParamsSchema, body: Type.Object({}, { additionalProperties: false }), response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.resume(request.actor)
    return service.view()
  })
}
