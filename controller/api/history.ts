import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type HistoryEntry, ErrorBodySchema, HistoryEntrySchema, HistoryListSchema, HistoryQuerySchema } from '../../protocol/api.ts'
import { lossesOf } from '../losses.ts'
import type { Store } from '../store/store.ts'
import { HistoryUnknownError } from './api-errors.ts'
import { ClusterParamsSchema, serviceOf, type ClusterServices } from './service-of.ts'

const LIMIT_DEFAULT = 50
/** As far as a history goes (10,000 entries). */
const PAGE_ENTRIES = 500
const PAGES_MAX = 20

/** GET /v1/clusters/:cluster/history and /v1/history/:id: what happened, newest first, a page at a time. */
export const historyRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices, store: Store }> = async (app, { clusters, store }) => {
  const config = { role: 'viewer' } as const

  app.get('/v1/clusters/:cluster/history', {
    config,
    schema: { summary: 'What happened to one cluster, newest first', params: ClusterParamsSchema, querystring: HistoryQuerySchema, response: { 200: HistoryListSchema, 404: ErrorBodySchema, 503: ErrorBodySchema } }
  }, async request => {
    const { name } = serviceOf(clusters, request.params.cluster)
    const { limit = LIMIT_DEFAULT, before } = request.query
    const entries = await store.history({ cluster: name, limit, ...(before === undefined ? {} : { before }) })
    return { entries: entries.map(({ explanation, ...entry }) => entry) } // kilobytes each: GET /v1/history/:id and …/explain have it
  })

  app.get('/v1/history/:id', {
    config,
    schema: {
      summary: 'One entry; a change of the active comes with every step and its milliseconds',
      params: Type.Object({ id: Type.Integer({ minimum: 1 }) }),
      response: { 200: HistoryEntrySchema, 404: ErrorBodySchema, 503: ErrorBodySchema }
    }
  }, async request => {
    const entry = await store.entry(request.params.id)
    if (entry === null) throw new HistoryUnknownError(request.params.id)
    if (entry.operation?.outcome !== 'done') return entry
    return { ...entry, operation: { ...entry.operation, losses: [...lossesOf(entry.operation, await entriesSince(store, entry))] } }
  })
}

/** All of the cluster that came after it, itself among them. */
async function entriesSince (store: Store, { id, cluster }: HistoryEntry): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = []
  for (let page = 0, before: number | undefined; page < PAGES_MAX; page++) {
    const found = await store.history({ cluster, limit: PAGE_ENTRIES, ...(before === undefined ? {} : { before }) })
    entries.push(...found.filter(entry => entry.id >= id))
    before = found.at(-1)?.id
    if (before === undefined || before <= id) break
  }
  return entries
}
