import { OvsdbHaError } from '../protocol/errors.ts'

/** No node could give a snapshot. */
export class NoSnapshotError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NO_SNAPSHOT'
  readonly httpStatus = 503
  readonly hint = 'See why each node could not (above), and what they do: "ovsdb-ha status".'

  constructor (cluster: string, problems: readonly string[]) {
    super(`no snapshot was taken: ${problems.length === 0 ? 'nobody serves or follows' : problems.join('; ')}`, { cluster })
  }
}

export class SnapshotNodeUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SNAPSHOT_NODE_UNKNOWN'
  readonly httpStatus = 404
  readonly hint: string

  constructor (cluster: string, node: string, known: readonly string[]) {
    super(`no data node is called ${node}`, { cluster, node })
    this.hint = `The id of a snapshot ends in the name of its node, one of: ${known.join(', ')}. See "ovsdb-ha backup list".`
  }
}
