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

  constructor (store: string, what: string, cause?: unknown) {
    super(`The store ${store} did not answer: ${what}`, { cause })
    this.hint = store.includes('://')
      ? 'See that Redis runs, and that this host reaches it. The clusters go on serving meanwhile.'
      : `Check space, permissions and health of the disk that holds ${store}.`
  }
}

/** Fewer than a majority of the independent instances answered. */
export class StoreQuorumError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_NO_MAJORITY'
  readonly httpStatus = 503
  readonly hint = 'Bring back more of the Redis instances of controller.store.urls. The clusters go on serving meanwhile.'

  constructor (instances: number, agreed: number, reasons: readonly string[]) {
    super(`${agreed} of ${instances} Redis instances agreed, and a majority is needed: ${reasons.length === 0 ? 'they hold different leaders' : reasons.join('; ')}`)
  }
}

/** Redis answered, and will not do it: with its own word for why. */
export class StoreRefusedError extends StoreError {
  readonly code = 'OVSDB_HA_STORE_REFUSED'
  readonly httpStatus = 503
  readonly hint: string

  constructor (store: string, what: string, hint: string) {
    super(`The store ${store} refused: ${what}`)
    this.hint = hint
  }
}

/** Redis' error words (the first word of an error reply), and what helps. */
const REFUSALS: ReadonlyArray<readonly [words: RegExp, hint: string]> = [
  [/\b(WRONGPASS|NOAUTH|invalid password)\b/, 'Check controller.store.username and the content of controller.store.passwordFile.'],
  [/\bNOPERM\b|ACL failure|executing the script can't/, 'Give the user of controller.store.username all commands on the keys that begin with controller.store.keyPrefix (ACL SETUSER).'],
  [/certificate|\balert\b|SSL routines/i, 'Check the files of controller.store.tls: Redis and this controller must trust each other\'s authority, and the certificate of Redis must name the host of controller.store.urls.'],
  [/\bREADONLY\b/, 'It is a replica: name the master in controller.store.urls, or use sentinel://. After a failover of Redis this passes by itself.'],
  [/\bLOADING\b/, 'It reads its data set after a start: wait, this passes by itself.'],
  [/\bOOM\b/, 'Its memory is full: raise maxmemory, or remove what other programs store there.'],
  [/\bMISCONF\b/, 'It cannot save to its disk: see its log, and the space on that disk.'],
  [/\b(NOREPLICAS|MASTERDOWN|BUSY|CLUSTERDOWN|MOVED|CROSSSLOT)\b/, 'See the log and the configuration of Redis; Redis Cluster is not supported.']
]

/** The message only: an error of the client holds the command that failed, and with it the password. */
export function storeErrorOf (store: string, message: string): StoreError {
  const refusal = REFUSALS.find(([words]) => words.test(message))
  return refusal === undefined ? new StoreUnavailableError(store, message) : new StoreRefusedError(store, message, refusal[1])
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
