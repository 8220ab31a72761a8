import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

const HINT = 'Look at the rules on the node (nft list ruleset); without a working guard set guard: none and give the node a fence device.'

/** The guard could not be installed, opened or shut. The message carries the command's words. */
export class GuardError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_GUARD'
  readonly httpStatus = 503
  readonly hint: string

  constructor (message: string, detail?: ErrorDetail, hint: string = HINT) {
    super(message, detail)
    this.hint = hint
  }
}
