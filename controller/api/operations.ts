import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { ErrorBodySchema, FailoverBodySchema, OperationQuerySchema, OperationReplySchema, SwitchoverBodySchema, type OperationReply, type OperationView } from '../../protocol/api.ts'
import { FailoverPreviewQuerySchema, FailoverPreviewSchema } from '../../protocol/failover-preview.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const response = { 200: OperationReplySchema, 202: OperationReplySchema, 404: ErrorBodySchema, 409: ErrorBodySchema }

/**
 * POST switchover and failover. The answer comes when the operation has ended, whatever its outcome, or with
 * `?wait=false` when it is accepted. A caller that hangs up does not stop it.
 */
export const operationRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices }> = async (app, { clusters }) => {
  const config = { role: 'operator' } as const

  async function answer (reply: FastifyReply, wait: boolean, begin: (onStarted: (operation: OperationView) => void) => Promise<OperationView>): Promise<OperationReply> {
    const started = Promise.withResolvers<OperationView>()
    const ended = begin(started.resolve)
    if (wait) return { operation: await ended }
    const operation = await Promise.race([started.promise, ended])
    ended.catch((err: unknown) => { reply.log.error({ err }, 'an accepted operation failed') })
    reply.code(202)
    return { operation }
  }

  app.post('/v1/clusters/:cluster/switchover', {
    config,
    schema: { summary: 'A planned change of the active; loses no acknowledged write', params: ClusterParamsSchema, querystring: OperationQuerySchema, body: SwitchoverBodySchema, response }
  }, async (request, reply) => {
    const service = serviceOf(clusters, request.params.cluster)
    return await answer(reply, request.query.wait ?? true, onStarted => service.switchover(request.body, request.actor, onStarted))
  })

  app.get('/v1/clusters/:cluster/failover/preview', {
    config: { role: 'viewer' } as const,
    schema: { summary: 'What a failover by hand would do now, what it would lose, and what nobody can know; nothing is done', params: ClusterParamsSchema, querystring: FailoverPreviewQuerySchema, response: { 200: FailoverPreviewSchema, 404: ErrorBodySchema } }
  }, async request => serviceOf(clusters, request.params.cluster).previewFailover(request.query.to ?? null, request.query.force ?? false))

  app.post('/v1/clusters/:cluster/failover', {
    config,
    schema: { summary: 'Promote another node although the active is lost; `force` takes one that is not in sync', params: ClusterParamsSchema, querystring: OperationQuerySchema, body: FailoverBodySchema, response }
  }, async (request, reply) => {
    const service = serviceOf(clusters, request.params.cluster)
    return await answer(reply, request.query.wait ?? true, onStarted => service.failover(request.body, request.actor, onStarted))
  })
}
