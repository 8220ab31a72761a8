import { OvsdbHaError } from '../protocol/errors.ts'
import type { Verification } from '../protocol/verify.ts'

/** Every table is read on two nodes: one at a time is enough. */
export class VerificationRunsError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_VERIFICATION_RUNS'
  readonly httpStatus = 409
  readonly hint: string

  constructor (cluster: string, id: string) {
    super(`verification ${id} runs already`, { cluster })
    this.hint = `Wait for it (GET /v1/clusters/${cluster}/verifications/${id}).`
  }
}

export class VerificationUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_VERIFICATION_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = 'A controller that began to lead, or was restarted, knows none of those before: begin a new one. How each ended is in the history.'

  constructor (cluster: string, id: string) {
    super(`there is no verification ${id}`, { cluster })
  }
}

/** Nobody serves, or the active is being changed: there is nothing to compare with. */
export class NothingToVerifyError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOTHING_TO_VERIFY'
  readonly httpStatus = 409
  readonly hint = 'Wait until a node serves and no change of the active runs (ovsdb-ha status).'

  constructor (cluster: string, why: string) {
    super(`nothing can be compared: ${why}`, { cluster })
  }
}

/** A comparison that was to find every backup the same, and did not. */
export class NotAllTheSameError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_ALL_THE_SAME'
  readonly httpStatus = 409
  readonly hint = 'See what differs, and why the rest could not be compared: ovsdb-ha history.'

  constructor ({ cluster, parts }: Verification) {
    super(parts.filter(({ state }) => state !== 'same').map(({ node, server, state, problem }) => `${server} of ${node} ${problem ?? state}`).join('; '), { cluster })
  }
}
