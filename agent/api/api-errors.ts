import { OvsdbHaError } from '../../protocol/errors.ts'

export class RequestInvalidError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_REQUEST_INVALID'
  readonly httpStatus: number
  readonly hint = 'Compare the versions of the two sides; protocol/ of the agent\'s version says what it takes.'

  constructor (message: string, httpStatus = 400) {
    super(message)
    this.httpStatus = httpStatus
  }
}

export class PeerNotAllowedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_PEER_NOT_ALLOWED'
  readonly httpStatus = 403
  readonly hint: string

  constructor (subject: string, allowed: readonly string[]) {
    super(`the certificate of ${subject} is for none of the nodes and controllers of cluster.yaml`)
    this.hint = `Give the caller a certificate whose DNS name is one of: ${allowed.join(', ')}.`
  }
}

export class AgentRouteUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_ROUTE_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = 'This is an agent; operators talk to a controller.'

  constructor (method: string, path: string) {
    super(`there is no ${method} ${path}`)
  }
}

export class UnitUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_UNIT_UNKNOWN'
  readonly httpStatus = 404
  readonly hint: string

  constructor (cluster: string, node: string, known: readonly string[]) {
    super(`${node} is no member of the cluster ${cluster}`, { cluster, node })
    this.hint = known.length === 0 ? `${node} is a member of no cluster.` : `It is a member of: ${known.join(', ')}.`
  }
}

export class ClusterNotNamedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CLUSTER_NOT_NAMED'
  readonly httpStatus = 400
  readonly hint: string

  constructor (known: readonly string[]) {
    super('this node is a member of several clusters (or none), and the request names none')
    this.hint = `Add ?cluster=NAME with one of: ${known.join(', ')}.`
  }
}

export class TooManyStreamsError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_TOO_MANY_STREAMS'
  readonly httpStatus = 503
  readonly hint = 'Look who follows the reports of this agent: one stream per controller and cluster is enough.'

  constructor (limit: number) {
    super(`${limit} report streams are open, which is the limit`)
  }
}

/** A bug of ours; the log has the cause, the caller does not. */
export class AgentInternalError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_INTERNAL'
  readonly httpStatus = 500
  readonly hint = 'The agent\'s log has the cause; please report it.'

  constructor (cause: unknown) {
    super('the agent failed to answer', { cause })
  }
}
