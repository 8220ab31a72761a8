import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { JOBS, RunReplySchema, SchedulesViewSchema } from '../../protocol/schedule.ts'
import type { ScheduleDesk } from '../schedule-desk.ts'
import { ClusterUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './service-of.ts'

export type ScheduleDesks = ReadonlyMap<string, ScheduleDesk>

const params = Type.Object({ ...ClusterParamsSchema.properties, job: Type.Enum(JOBS) })

/** The jobs of a cluster at set times: viewers see them, operators run one now. */
export const scheduleRoutes: FastifyPluginAsyncTypebox<{ schedules: ScheduleDesks }> = async (app, { schedules }) => {
  const path = '/v1/clusters/:cluster/schedules'
  function deskOf (cluster: string): ScheduleDesk {
    const desk = schedules.get(cluster)
    if (desk === undefined) throw new ClusterUnknownError(cluster, [...schedules.keys()])
    return desk
  }

  app.get(path, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'Every job: when it comes next, what runs, and how it last went', params: ClusterParamsSchema, response: { 200: SchedulesViewSchema, 404: ErrorBodySchema } }
  }, async ({ params: { cluster } }) => deskOf(cluster).view())

  app.post(`${path}/:job/run`, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Run a job now; answered when it has begun. Its end is in the list, as its last run', params, body: Type.Object({}, { additionalProperties: false }), response: { 202: RunReplySchema, 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema } }
  }, async ({ params: { cluster, job }, actor }, reply) => {
    reply.code(202)
    return deskOf(cluster).run(job, actor)
  })
}
