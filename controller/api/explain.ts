import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorBodySchema, ExplainReplySchema } from '../../protocol/api.ts'
import { ExplainQuerySchema } from '../../protocol/explain.ts'
import type { Store } from '../store/store.ts'
import { HistoryUnknownError, NotExplainedError } from './api-errors.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

/** GET /v1/clusters/:cluster/explain: why the leader does what it does now, or did at a decision that the history keeps. */
export const explainRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices, store: Store }> = async (app, { clusters, store }) => {
  app.get('/v1/clusters/:cluster/explain', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Inputs, candidates and the rule of a decision: of now, or of a history entry',
      params: ClusterParamsSchema,
      querystring: ExplainQuerySchema,
      response: { 200: ExplainReplySchema, 404: ErrorBodySchema, 503: ErrorBodySchema }
    }
  }, async request => {
    const service = serviceOf(clusters, request.params.cluster)
    const { id } = request.query
    if (id === undefined) return { id: null, explanation: service.explain(), operation: service.view().operation }
    const entry = await store.entry(id)
    if (entry === null) throw new HistoryUnknownError(id)
    const { explanation, operation = null } = entry
    if (entry.cluster !== service.name || explanation === undefined) throw new NotExplainedError(service.name, entry)
    return { id, explanation, operation }
  })
}
