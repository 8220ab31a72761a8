import { OvsdbHaError } from '../protocol/errors.ts'

/** What had to be durable before an answer could leave is not on disk: the answer does not leave (S1). */
export class StateNotStoredError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_STATE_NOT_STORED'
  readonly httpStatus = 503
  readonly hint = 'Look at the disk that holds the agent\'s state directory: full, read-only or failing.'

  constructor (cluster: string, node: string, path: string, cause: unknown) {
    super(`${path} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cluster, node, cause })
  }
}

/** The agent cannot take requests for this cluster now: it starts, stops, or has too many waiting. */
export class ShellOverloadedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_NOT_READY'
  readonly httpStatus = 503
  readonly hint = 'Try again in a moment; when it lasts, look at the agent\'s log.'

  constructor (cluster: string, node: string, why: string) {
    super(why, { cluster, node })
  }
}
