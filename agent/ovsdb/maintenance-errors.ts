import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** The node is not in the state for it, or does something of the kind already. */
export class MaintenanceRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_MAINTENANCE_REFUSED'
  readonly httpStatus = 409
  readonly hint = 'See what the node does (ovsdb-ha status), and ask again when it is what was expected.'
}

/** The server would not compact a database, or did not do it in time. */
export class CompactionError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_COMPACTION'
  readonly httpStatus = 503
  readonly hint = 'Look at the free disk of the node and at the server\'s log; the database is as it was.'

  constructor (server: string, database: string, detail: ErrorDetail & { readonly cause: Error }) {
    super(`${server} did not compact ${database}: ${detail.cause.message}`, detail)
  }
}

/** The database is as it was, and its server runs on it. */
export class ConversionError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONVERSION'
  readonly httpStatus = 503
  readonly hint = 'See the reason: the free disk of the node, the schema file (clusters[].servers[].schema), or rows that the new schema does not allow.'

  constructor (server: string, database: string, why: string, detail: ErrorDetail & { readonly cause: Error }) {
    super(`${database} of ${server} was not converted: ${why}`, detail)
  }
}
