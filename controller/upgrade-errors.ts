import { OvsdbHaError } from '../protocol/errors.ts'

/** A restart of all servers cannot begin, stop or go on now; nothing was changed. */
export class UpgradeRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_UPGRADE_REFUSED'
  readonly httpStatus = 409
  readonly hint: string

  constructor (cluster: string, why: string, hint = 'Mend what it says, then ask again; "ovsdb-ha upgrade check" and "ovsdb-ha status" show the cluster.') {
    super(`cluster ${cluster}: ${why}`, { cluster })
    this.hint = hint
  }
}
