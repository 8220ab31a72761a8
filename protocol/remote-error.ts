import { Compile } from 'typebox/compile'
import { ErrorBodySchema, type ErrorBody, type Leader, type RefusedNode } from './api.ts'
import { OvsdbHaError, type ErrorDetail } from './errors.ts'

const errorBody = Compile(ErrorBodySchema)
const CODE = /^OVSDB_HA_[A-Z0-9_]{1,64}$/

function isOurCode (code: string): code is OvsdbHaError['code'] {
  return CODE.test(code)
}

/** A failure that another part of ovsdb-ha reported over HTTP: its own code, message and hint, as if it had been thrown here. */
export class RemoteError extends OvsdbHaError {
  readonly code: OvsdbHaError['code']
  readonly httpStatus: number
  readonly hint: string
  /** The remote's current term, when an order or a request was refused for an old one (S1). */
  readonly term: number | undefined
  readonly refused: readonly RefusedNode[] | undefined
  /** Who could do it, when a controller that does not lead was asked. */
  readonly leader: Leader | undefined

  constructor (code: OvsdbHaError['code'], httpStatus: number, body: ErrorBody, detail: ErrorDetail) {
    super(body.message, { cluster: body.cluster ?? detail.cluster, node: body.node ?? detail.node, cause: detail.cause })
    this.code = code
    this.httpStatus = httpStatus
    this.hint = body.hint
    this.term = body.term
    this.refused = body.refused
    this.leader = body.leader
  }
}

/** The RemoteError that an answer's body holds; null when the body is not one of ours (a proxy's page, another program). */
export function remoteErrorFrom (httpStatus: number, body: unknown, detail: ErrorDetail = {}): RemoteError | null {
  if (!errorBody.Check(body) || !isOurCode(body.code)) return null
  return new RemoteError(body.code, httpStatus, body, detail)
}
