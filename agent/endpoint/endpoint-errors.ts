import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

const HINT = 'Look at the interface on the node (ip address show); check endpoints in cluster.yaml.'

/** The endpoint could not be taken, read or given up. The message names addresses, interface and the command's words. */
export class EndpointError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_ENDPOINT'
  readonly httpStatus = 503
  readonly hint: string

  constructor (message: string, detail?: ErrorDetail, hint: string = HINT) {
    super(message, detail)
    this.hint = hint
  }
}
