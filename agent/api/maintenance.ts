import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CompactReplySchema, CompactRequestSchema } from '../../protocol/maintenance.ts'
import type { MaintenanceService } from '../maintenance-service.ts'
import { UnitUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './unit-of.ts'

/** By cluster; a witness has none. */
export type MaintenanceServices = ReadonlyMap<string, MaintenanceService>

interface MaintenanceRouteOptions {
  readonly maintenance: MaintenanceServices
  readonly node: string
}

/** What controllers ask that has nothing to do with who serves. */
export const maintenanceRoutes: FastifyPluginAsyncTypebox<MaintenanceRouteOptions> = async (app, { maintenance, node }) => {
  function serviceOf (cluster: string): MaintenanceService {
    const service = maintenance.get(cluster)
    if (service === undefined) throw new UnitUnknownError(cluster, node, [...maintenance.keys()])
    return service
  }

  app.post('/v1/clusters/:cluster/compact', { schema: { params: ClusterParamsSchema, body: CompactRequestSchema, response: { 200: CompactReplySchema } } },
    async ({ params: { cluster }, body }) => await serviceOf(cluster).compact(body))
}
