import { OvsdbHaError } from '../protocol/errors.ts'

/** The snapshot is damaged, or cannot be compared with what the active serves. Nothing was changed. */
export class NotRestorableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_RESTORABLE'
  readonly httpStatus = 409
  readonly hint = 'Nothing was changed. See why, take another snapshot (ovsdb-ha backup list), or restore by hand as the guide says.'

  constructor (cluster: string, id: string, why: string) {
    super(`${id} cannot be restored: ${why}`, { cluster })
  }
}

/** Two at once would overwrite each other. */
export class RestoreRunsError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESTORE_RUNS'
  readonly httpStatus = 409
  readonly hint = 'Wait until it has ended: ovsdb-ha history.'

  constructor (cluster: string, id: string) {
    super(`${id} is being restored already`, { cluster })
  }
}
