import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ClusterViewSchema, ConfirmOffBodySchema, ErrorBodySchema, FenceBodySchema, UnfenceBodySchema } from '../../protocol/api.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const params = Type.Object({ ...ClusterParamsSchema.properties, node: Type.String({ minLength: 1, maxLength: 32 }) })
const response = { 200: ClusterViewSchema, 404: ErrorBodySchema, 409: ErrorBodySchema, 502: ErrorBodySchema }

/** Power of a node: what can end a service that nothing else would end is for admins. Answered with the cluster as it then is. */
export const fenceRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  const config = { role: 'admin' } as const

  app.post('/v1/clusters/:cluster/nodes/:node/fence', {
    config,
    schema: { summary: 'Power a node off by its fence device; answered when it is certainly off', params, body: FenceBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.fence(request.params.node, request.body, request.actor)
    return service.view()
  })

  app.post('/v1/clusters/:cluster/nodes/:node/unfence', {
    config,
    schema: { summary: 'Power a node on by its fence device', params, body: UnfenceBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.unfence(request.params.node, request.body, request.actor)
    return service.view()
  })

  app.post('/v1/clusters/:cluster/nodes/:node/confirm-off', {
    config,
    schema: { summary: 'State that a node is off: the right to serve that it may hold is given to another', params, body: ConfirmOffBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    await service.confirmOff(request.params.node, request.body, request.actor)
    return service.view()
  })
}
