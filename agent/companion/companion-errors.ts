import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** A companion could not be started or stopped. The message carries its own last words, or systemd's. */
export class CompanionError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_COMPANION'
  readonly httpStatus = 503
  readonly hint = 'Run its command by hand on the node that serves, and read its log file (or the journal of its unit).'

  constructor (companion: string, words: string, detail?: ErrorDetail) {
    super(`companion ${companion}: ${words}`, detail)
  }
}
