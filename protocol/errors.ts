export interface ErrorDetail {
  readonly cluster?: string | undefined
  readonly node?: string | undefined
  readonly cause?: unknown
}

/** Base of every expected failure. `hint` is the operator's next step, in the imperative. Codes are stable and never reused; docs/errors.md lists them. */
export abstract class OvsdbHaError extends Error {
  abstract readonly code: `OVSDB_HA_${string}`
  abstract readonly httpStatus: number
  abstract readonly hint: string
  readonly cluster: string | undefined
  readonly node: string | undefined

  constructor (message: string, { cluster, node, cause }: ErrorDetail = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.cluster = cluster
    this.node = node
  }
}
