import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { RestoreBodySchema, RestoreReplySchema } from '../../protocol/restore.ts'
import { ClusterSnapshotsSchema, SnapshotIdSchema, SnapshotSchema, SnapshotVerdictSchema, TakeSnapshotBodySchema } from '../../protocol/snapshot.ts'
import type { RestoreDesk } from '../restore-desk.ts'
import type { SnapshotDesk } from '../snapshot-desk.ts'
import { ClusterUnknownError, NotConfirmedError } from './api-errors.ts'
import { ClusterParamsSchema } from './service-of.ts'

export type SnapshotDesks = ReadonlyMap<string, SnapshotDesk>
export type RestoreDesks = ReadonlyMap<string, RestoreDesk>

const params = Type.Object({ ...ClusterParamsSchema.properties, id: SnapshotIdSchema })
const refused = { 404: ErrorBodySchema, 409: ErrorBodySchema, 502: ErrorBodySchema, 503: ErrorBodySchema }

/** Snapshots of all databases: what is there is for viewers, taking and reading one back for operators. */
export const snapshotRoutes: FastifyPluginAsyncTypebox<{ snapshots: SnapshotDesks, restores: RestoreDesks }> = async (app, { snapshots, restores }) => {
  const path = '/v1/clusters/:cluster/snapshots'
  function deskIn<Desk> (desks: ReadonlyMap<string, Desk>, cluster: string): Desk {
    const desk = desks.get(cluster)
    if (desk === undefined) throw new ClusterUnknownError(cluster, [...desks.keys()])
    return desk
  }
  const deskOf = (cluster: string): SnapshotDesk => deskIn(snapshots, cluster)

  app.get(path, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'The snapshots of all data nodes, newest first', params: ClusterParamsSchema, response: { 200: ClusterSnapshotsSchema, 404: ErrorBodySchema } }
  }, async ({ params: { cluster } }) => await deskOf(cluster).list())

  app.post(path, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Take a snapshot of all databases now, from a backup that is in sync where there is one; answered when it was read back', params: ClusterParamsSchema, body: TakeSnapshotBodySchema, response: { 200: SnapshotSchema, ...refused } }
  }, async ({ params: { cluster }, body, actor }) => await deskOf(cluster).take(actor, body.reason ?? ''))

  app.post(`${path}/:id/verify`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Read a snapshot back: its digest, its rows, and whether Open vSwitch loads it', params, response: { 200: SnapshotVerdictSchema, ...refused } }
  }, async ({ params: { cluster, id }, actor }) => await deskOf(cluster).verify(id, actor))

  app.post(`${path}/:id/restore`, {
    config: { role: 'admin' } as const,
    schema: { summary: 'Make the databases of the active what the snapshot holds, by one transaction each; what is there now is kept as a snapshot first. `dryRun` tells what would be overwritten', params, body: RestoreBodySchema, response: { 200: RestoreReplySchema, ...refused } }
  }, async ({ params: { cluster, id }, body, actor }) => {
    const desk = deskIn(restores, cluster)
    if (body.dryRun !== true && body.confirm !== cluster) throw new NotConfirmedError(cluster, 'what the active has now may be overwritten')
    return await desk.restore(id, body, actor)
  })
}
