import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ClusterListSchema, ClusterViewSchema, ErrorBodySchema, NodeListSchema } from '../../protocol/api.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

/** GET /v1/clusters, /v1/clusters/:cluster, /v1/clusters/:cluster/nodes: what is, in the controller's words. */
export const clusterRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  const config = { role: 'viewer' } as const

  app.get('/v1/clusters', {
    config,
    schema: { summary: 'Every cluster of this controller, in short', response: { 200: ClusterListSchema } }
  }, async () => ({
    clusters: [...clusters.values()].map(service => {
      const { name, state, summary, active, term, paused } = service.view()
      return { name, state, summary, active, term, paused: paused !== null }
    })
  }))

  app.get('/v1/clusters/:cluster', {
    config,
    schema: { summary: 'One cluster with its nodes, its hold and its running operation', params: ClusterParamsSchema, response: { 200: ClusterViewSchema, 404: ErrorBodySchema } }
  }, async request => serviceOf(clusters, request.params.cluster).view())

  app.get('/v1/clusters/:cluster/nodes', {
    config,
    schema: { summary: 'The nodes of one cluster', params: ClusterParamsSchema, response: { 200: NodeListSchema, 404: ErrorBodySchema } }
  }, async request => ({ nodes: serviceOf(clusters, request.params.cluster).view().nodes }))
}
