import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

export class RescueUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = 'ovsdb-ha rescue list shows those that are kept; the history tells of those that were removed.'

  constructor (id: string, detail?: ErrorDetail) {
    super(`there is no rescue ${id}`, detail)
  }
}

/** The snapshot, its note or the active could not be read, or the program that reads it failed. */
export class RescueUnreadableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE_UNREADABLE'
  readonly httpStatus = 500
  readonly hint = 'The message says what failed: the active on its replication port, or the file (gunzip a copy of it on its node, and read that with ovsdb-tool).'

  constructor (id: string, why: string, detail?: ErrorDetail) {
    super(`rescue ${id} cannot be read: ${why}`, detail)
  }
}

/** It may hold writes that are nowhere else. */
export class UnacknowledgedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE_UNACKNOWLEDGED'
  readonly httpStatus = 409
  readonly hint: string

  constructor (id: string, detail?: ErrorDetail) {
    super(`nobody has acknowledged rescue ${id}: it may hold writes that are nowhere else`, detail)
    this.hint = `Look at it (ovsdb-ha rescue diff ${id}), then acknowledge it, or remove it with --force.`
  }
}

export class RescueBusyError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE_BUSY'
  readonly httpStatus = 503
  readonly hint = 'Try again when the other comparison has ended.'

  constructor (detail?: ErrorDetail) {
    super('another rescue is being compared on this node', detail)
  }
}

/** Rows are brought back only on the node that serves, and in the term that was meant. */
export class NotTheActiveError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_THE_ACTIVE'
  readonly httpStatus = 409
  readonly hint = 'Nothing was changed. Look who serves (ovsdb-ha status), and try again.'

  constructor (why: string, detail?: ErrorDetail) {
    super(`no rows are brought back here: ${why}`, detail)
  }
}
