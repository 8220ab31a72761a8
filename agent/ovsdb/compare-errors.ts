import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** A side could not be read, or the marker did not come in time: nothing is known of whether they are the same. */
export class CompareError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_COMPARE'
  readonly httpStatus = 503
  readonly hint = 'See whether the backup follows (ovsdb-ha status), and try again when less is written.'

  constructor (server: string, active: string, detail: ErrorDetail & { readonly cause: Error }) {
    super(`${server} was not compared with that of ${active}: ${detail.cause.message}`, detail)
  }
}
