import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** A database could not be copied, or the copy was not what was read. Nothing of it is kept. */
export class SnapshotError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SNAPSHOT'
  readonly httpStatus = 503
  readonly hint = 'Look at the free disk and the directory of snapshots on the node (clusters[].snapshots), and at the server.'

  constructor (what: string, why: string, detail?: ErrorDetail) {
    super(`${what}: ${why}`, detail)
  }
}

export class SnapshotUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SNAPSHOT_UNKNOWN'
  readonly httpStatus = 404
  readonly hint = '"ovsdb-ha backup list" names the snapshots that are there.'

  constructor (id: string, detail?: ErrorDetail) {
    super(`there is no snapshot ${id}`, detail)
  }
}
