import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** A fellow voter could not be reached, or did not answer in time. Its vote is not counted; it says nothing about whether the voter heard us. */
export class VoterUnreachableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_VOTER_UNREACHABLE'
  readonly httpStatus = 502
  readonly hint = 'Check that the agent runs on that node and that its port can be reached from here (curl …/healthz).'

  constructor (what: string, detail: ErrorDetail) {
    super(`the voter ${detail.node ?? ''} ${what}`, detail)
  }
}

/** A fellow voter answered with something that is no vote. */
export class VoterAnswerError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_VOTER_ANSWER'
  readonly httpStatus = 502
  readonly hint = 'Check that the address is that node\'s agent and that both run the same version.'

  constructor (what: string, detail: ErrorDetail) {
    super(`the voter ${detail.node ?? ''} ${what}`, detail)
  }
}
