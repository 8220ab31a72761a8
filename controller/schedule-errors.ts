import { OvsdbHaError } from '../protocol/errors.ts'
import type { Job } from '../protocol/schedule.ts'

/** A job that was asked for could not begin now; nothing was begun. */
export class ScheduleRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SCHEDULE_REFUSED'
  readonly httpStatus = 409
  readonly hint = 'Ask again when that is over: "ovsdb-ha schedules" says what runs, "ovsdb-ha status" what the cluster does.'

  constructor (cluster: string, job: Job, why: string) {
    super(`a ${job} cannot begin: ${why}`, { cluster })
  }
}
