import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { CompactReplySchema, CompactRequestSchema } from '../../protocol/maintenance.ts'
import { SnapshotIdSchema, SnapshotListSchema, SnapshotReplySchema, SnapshotRequestSchema, SnapshotVerdictSchema, SnapshotVerifyRequestSchema } from '../../protocol/snapshot.ts'
import { NodeVersionsSchema } from '../../protocol/versions.ts'
import type { MaintenanceService } from '../maintenance-service.ts'
import type { SnapshotService } from '../snapshot-service.ts'
import { UnitUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './unit-of.ts'

/** By cluster; a witness has none. */
export type MaintenanceServices = ReadonlyMap<string, MaintenanceService & { readonly snapshots: SnapshotService }>

interface MaintenanceRouteOptions {
  readonly maintenance: MaintenanceServices
  readonly node: string
}

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
}
