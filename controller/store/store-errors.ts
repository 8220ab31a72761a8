import { OvsdbHaError } from '../../protocol/errors.ts'

/** Grows with every change of the store's tables that an older version could not read. */
export const STORE_SCHEMA_VERSION = 1

/** The store could not do what it was asked. It holds no right to serve: an active keeps serving without it. */
export abstract class StoreError extends OvsdbHaError {}

export class StoreLockedError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_LOCKED'
  readonly httpStatus = 503
  readonly hint: string

  constructor (file: string, cause: unknown) {
    super(`The store ${file} is in use by another process`, { cause })
    this.hint = `Stop the other controller (see: fuser ${file}), or give this one a store file of its own (controller.store.file).`
  }
}

export class StoreCorruptError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_CORRUPT'
  readonly httpStatus = 500
  readonly hint: string

  /** What is wrong with it, in words. */
  readonly what: string

  constructor (file: string, what: string, cause?: unknown) {
    super(`The store ${file} cannot be used: ${what}`, { cause })
    this.what = what
    this.hint = `Keep it and start afresh: mv ${file} ${file}.bad. History and pauses are then gone; the clusters' data, terms and leases are not in this file.`
  }
}

export class StoreVersionError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_VERSION'
  readonly httpStatus = 500
  readonly hint: string

  readonly found: string

  constructor (file: string, found: string) {
    super(`The store ${file} has schema version ${found}; this ovsdb-ha knows ${STORE_SCHEMA_VERSION}`)
    this.found = found
    this.hint = `Start the version of ovsdb-ha that wrote it, or start afresh: mv ${file} ${file}.v${found}.`
  }
}

export class StoreUnavailableError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_UNAVAILABLE'
  readonly httpStatus = 503
  readonly hint: string

  constructor (file: string, what: string, cause?: unknown) {
    super(`The store ${file} did not answer: ${what}`, { cause })
    this.hint = `Check space, permissions and health of the disk that holds ${file}.`
  }
}

/** Somebody else changed it first: what was decided on is no longer so. */
export class StoreConflictError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_CONFLICT'
  readonly httpStatus = 409
  readonly hint = 'See "ovsdb-ha status", and ask again if it is still wanted.'

  constructor (cluster: string) {
    super(`The pause of cluster ${cluster} was changed by somebody else at the same time; this change was not made`, { cluster })
  }
}
