import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { CompactReplySchema, CompactRequestSchema } from '../../protocol/maintenance.ts'
import { RestorePlanRequestSchema, RestorePlanSchema } from '../../protocol/restore.ts'
import { SnapshotIdSchema, SnapshotListSchema, SnapshotReplySchema, SnapshotRequestSchema, SnapshotVerdictSchema, SnapshotVerifyRequestSchema } from '../../protocol/snapshot.ts'
import { NodeVersionsSchema } from '../../protocol/versions.ts'
import { CompareProgressSchema, CompareReplySchema, CompareRequestSchema, MarkReplySchema, MarkRequestSchema, RecheckReplySchema, RecheckRequestSchema } from '../../protocol/verify.ts'
import type { CompareService } from '../compare-service.ts'
import type { MaintenanceService } from '../maintenance-service.ts'
import type { RestoreService } from '../restore-service.ts'
import type { SnapshotService } from '../snapshot-service.ts'
import { UnitUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './unit-of.ts'

/** By cluster; a witness has none. */
export type MaintenanceServices = ReadonlyMap<string, MaintenanceService & { readonly snapshots: SnapshotService, readonly comparisons: CompareService, readonly restores: RestoreService }>

interface MaintenanceRouteOptions {
  readonly maintenance: MaintenanceServices
  readonly node: string
}

/** Every row that may be looked at again. */
const RECHECK_BYTES_MAX = 1024 * 1024

/** What controllers ask that has nothing to do with who serves. */
export const maintenanceRoutes: FastifyPluginAsyncTypebox<MaintenanceRouteOptions> = async (app, { maintenance, node }) => {
  function serviceOf (cluster: string) {
    const service = maintenance.get(cluster)
    if (service === undefined) throw new UnitUnknownError(cluster, node, [...maintenance.keys()])
    return service
  }

  app.post('/v1/clusters/:cluster/compact', { schema: { params: ClusterParamsSchema, body: CompactRequestSchema, response: { 200: CompactReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).compact(body))

  app.get('/v1/clusters/:cluster/versions', { schema: { params: ClusterParamsSchema, response: { 200: NodeVersionsSchema } } },
    async ({ params: { cluster } }) => await serviceOf(cluster).versions())

  const path = '/v1/clusters/:cluster/snapshots'
  const params = Type.Object({ ...ClusterParamsSchema.properties, id: SnapshotIdSchema })
  app.get(path, { schema: { params: ClusterParamsSchema, response: { 200: SnapshotListSchema } } },
    async ({ params: { cluster } }) => await serviceOf(cluster).snapshots.list())
  app.post(path, { schema: { params: ClusterParamsSchema, body: SnapshotRequestSchema, response: { 200: SnapshotReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).snapshots.take(body))
  app.post(`${path}/:id/verify`, { schema: { params, body: SnapshotVerifyRequestSchema, response: { 200: SnapshotVerdictSchema } } },
    async ({ params: { cluster, id }, body }) => await serviceOf(cluster).snapshots.verify(id, body))
  app.post(`${path}/:id/restore-plans`, { schema: { params, body: RestorePlanRequestSchema, response: { 200: RestorePlanSchema } } },
    async ({ params: { cluster, id }, body }) => await serviceOf(cluster).restores.plan(id, body))

  const comparisons = '/v1/clusters/:cluster/content-comparisons'
  app.get(comparisons, { schema: { params: ClusterParamsSchema, response: { 200: CompareProgressSchema } } },
    async ({ params: { cluster } }) => serviceOf(cluster).comparisons.progress())
  app.post(comparisons, { schema: { params: ClusterParamsSchema, body: CompareRequestSchema, response: { 200: CompareReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).comparisons.compare(body))
  app.post('/v1/clusters/:cluster/rechecks', { bodyLimit: RECHECK_BYTES_MAX, schema: { params: ClusterParamsSchema, body: RecheckRequestSchema, response: { 200: RecheckReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).comparisons.recheck(body))
  app.post('/v1/clusters/:cluster/marks', { schema: { params: ClusterParamsSchema, body: MarkRequestSchema, response: { 200: MarkReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).comparisons.mark(body))
}
