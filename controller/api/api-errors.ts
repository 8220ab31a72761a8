import { OvsdbHaError } from '../../protocol/errors.ts'

export class BadRequestError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_BAD_REQUEST'
  readonly httpStatus: number
  readonly hint = 'GET /v1/openapi.json says what this route takes.'

  constructor (message: string, httpStatus = 400) {
    super(message)
    this.httpStatus = httpStatus
  }
}

/** What may make two actives, or overwrites data, is done only by those who typed what they are about to do. */
export class NotConfirmedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_CONFIRMED'
  readonly httpStatus = 409
  readonly hint: string

  constructor (cluster: string, when: string) {
    super('"confirm" is not the name of the cluster; nothing was changed', { cluster })
    this.hint = `Send "confirm": "${cluster}" (ovsdb-ha: --confirm ${cluster}) when ${when}.`
  }
}

export class NotAuthenticatedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_AUTHENTICATED'
  readonly httpStatus = 401
  readonly hint = 'Send Authorization: Bearer TOKEN with one of controller.tokens (ovsdb-ha: --token-file or OVSDB_HA_TOKEN_FILE).'

  constructor (what: 'missing' | 'unknown') {
    super(`The token is ${what}`)
  }
}

export class NotAllowedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_ALLOWED'
  readonly httpStatus = 403
  readonly hint: string

  constructor (message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

export class RouteUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_ROUTE_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = 'GET /v1/openapi.json lists every route.'

  constructor (method: string, path: string) {
    super(`There is no ${method} ${path}`)
  }
}

export class ClusterUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CLUSTER_UNKNOWN'
  readonly httpStatus = 404
  readonly hint: string

  constructor (cluster: string, known: readonly string[]) {
    super(`This controller has no cluster ${cluster}`, { cluster })
    this.hint = known.length === 0 ? 'Its cluster.yaml names none.' : `It has: ${known.join(', ')}.`
  }
}

export class HistoryUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_HISTORY_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = 'ovsdb-ha history lists the entries that are kept; the oldest are forgotten.'

  constructor (id: number) {
    super(`There is no history entry ${id}`)
  }
}

/** The history entry is there, and no decision of this cluster. */
export class NotExplainedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOT_EXPLAINED'
  readonly httpStatus = 409
  readonly hint = 'Take the id of an entry of this cluster about a change of the active (began or ended) or the beginning of a hold: ovsdb-ha history.'

  constructor (cluster: string, { id, kind, cluster: of }: { readonly id: number, readonly kind: string, readonly cluster: string }) {
    super(`History entry ${id} (${kind}${of === cluster ? '' : ` of ${of}`}) is no decision about ${cluster}`, { cluster })
  }
}

export class TooManyListenersError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_TOO_MANY_LISTENERS'
  readonly httpStatus = 503
  readonly hint = 'Close an event stream (a dashboard, ovsdb-ha status --watch), or ask another controller.'

  constructor (limit: number) {
    super(`${limit} event streams are open, which is the limit`)
  }
}

/** A bug of ours; the log has the cause, the caller does not. */
export class InternalError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_INTERNAL'
  readonly httpStatus = 500
  readonly hint = 'The controller\'s log has the cause; please report it.'

  constructor (cause: unknown) {
    super('The controller failed to answer', { cause })
  }
}

/** It was good at the start, and is no more: agents and operators refuse this controller, or will at their next connection. */
export class CertificateEndedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CERTIFICATE_ENDED'
  readonly httpStatus = 503
  readonly hint = 'Renew the certificate and restart this controller: certificates are read at the start.'
}
