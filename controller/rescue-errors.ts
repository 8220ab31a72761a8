import { OvsdbHaError } from '../protocol/errors.ts'

export class RescueKeeperUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_RESCUE_KEEPER_UNKNOWN'
  readonly httpStatus = 404
  readonly hint: string

  constructor (id: string, cluster: string, nodes: readonly string[]) {
    super(`no data node of ${cluster} keeps ${id}`, { cluster })
    this.hint = `An id begins with the node that keeps the rescue, one of ${nodes.join(', ')}: ovsdb-ha rescue list.`
  }
}

/** There is nobody to compare with, nor to bring rows back to. */
export class NobodyServesError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOBODY_SERVES'
  readonly httpStatus = 409
  readonly hint = 'A rescue is compared with the active: wait until a node serves (ovsdb-ha status).'

  constructor (cluster: string) {
    super(`nobody serves ${cluster}`, { cluster })
  }
}

export class NothingChosenError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NOTHING_CHOSEN'
  readonly httpStatus = 400
  readonly hint = 'Choose with --row UUID, --table TABLE or --all (all rows that the active lacks).'

  constructor (cluster: string) {
    super('no rows were chosen', { cluster })
  }
}

/** The active was told to write, and nobody heard how it ended. */
export class ReplayUncertainError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_REPLAY_UNCERTAIN'
  readonly httpStatus = 502
  readonly hint: string

  constructor (id: string, cluster: string, node: string, cause: Error) {
    super(`it is not known whether the rows of ${id} were written: ${cause.message}`, { cluster, node, cause })
    this.hint = `Look with "ovsdb-ha rescue diff ${id}", then ask again: rows that are there already are not brought back twice.`
  }
}
