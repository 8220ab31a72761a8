import { OvsdbHaError } from '../protocol/errors.ts'

/** The command line itself is wrong. */
export class UsageError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_USAGE'
  readonly httpStatus = 400
  readonly hint: string

  constructor (message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** A file that the command line or the environment names cannot be used. */
export class FileUnusableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_FILE_UNUSABLE'
  readonly httpStatus = 400
  readonly hint: string

  constructor (what: string, file: string, cause: unknown, hint = 'Check the path, and that you may read it.') {
    super(`The ${what} ${file} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.hint = hint
  }
}

/** Nobody answered as a controller. That says nothing about the clusters: an active serves without any controller. */
export class ControllerUnreachableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONTROLLER_UNREACHABLE'
  readonly httpStatus = 503
  readonly hint: string

  /** Nothing of the request can have reached it: another controller may be asked the same. */
  readonly nothingSent: boolean

  constructor (server: string, what: string, cause?: unknown, nothingSent = false) {
    super(`The controller at ${server} ${what}`, { cause })
    this.nothingSent = nothingSent
    this.hint = 'Check that it runs, and --server or OVSDB_HA_SERVER (several controllers: all of their addresses, with commas between). The clusters keep serving without it; only their state is not known here.'
  }
}

/** The daemon beside a health check does not live, or is not ready. */
export class UnhealthyError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_UNHEALTHY'
  readonly httpStatus = 503
  readonly hint = 'Look at its log. A database that is broken is no reason for this: only the daemon itself is.'

  constructor (daemon: string, what: string, cause?: unknown) {
    super(`${daemon} is not well: ${what}`, { cause })
  }
}
