import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ClusterViewSchema, ErrorBodySchema, QuorumForceBodySchema, VotersBodySchema } from '../../protocol/api.ts'
import { NotConfirmedError } from './api-errors.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const params = Type.Object({ ...ClusterParamsSchema.properties, node: Type.String({ minLength: 1, maxLength: 32 }) })
const response = { 200: ClusterViewSchema, 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema }

/** Who votes (S11): one more or one less at a time. Answered with the cluster as it then is, when the active counts by the new list. */
export const voterRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  const config = { role: 'admin' } as const
  const summaries = { add: 'Give a member of cluster.yaml a vote', remove: 'Take the vote of a node away' } as const

  for (const change of ['add', 'remove'] as const) {
    app.post(`/v1/clusters/:cluster/voters/:node/${change}`, {
      config,
      schema: { summary: `${summaries[change]}; who serves, serves on`, params, body: VotersBodySchema, response }
    }, async request => {
      const service = serviceOf(clusters, request.params.cluster)
      await service.changeVoters(change, request.params.node, request.body, request.actor)
      return service.view()
    })
  }

  app.post('/v1/clusters/:cluster/quorum/force', {
    config,
    schema: { summary: 'Declare lost for good whatever other voters promised; only while no majority can vote. If they live, two nodes may serve. Nobody is promoted after it but by a forced failover', params: ClusterParamsSchema, body: QuorumForceBodySchema, response }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    if (request.body.confirm !== service.name) throw new NotConfirmedError(service.name, 'you are certain that all other voters are off')
    await service.forceQuorum(request.body, request.actor)
    return service.view()
  })
}
