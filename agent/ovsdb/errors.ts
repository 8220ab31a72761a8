// What can go wrong between the agent and one ovsdb-server. Each way has its own code, since each asks for another reaction.
import type { MarkerColumn } from '../../protocol/cluster.ts'
import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'

/** Base of every failure to talk: nothing is known about the server's state, and whether a sent command took effect. */
export abstract class ServerTalkError extends OvsdbHaError {}

export class ServerSocketMissingError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_SOCKET_MISSING'
  readonly httpStatus = 502
  readonly hint = 'Check that ovsdb-server runs and that the configured socket path is the one it was started with.'

  constructor (where: string, detail?: ErrorDetail) {
    super(`${where}: there is no such socket`, detail)
  }
}

export class ServerRefusedError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_REFUSED'
  readonly httpStatus = 502
  readonly hint = 'Nobody listens there: check that ovsdb-server runs, and read its log.'

  constructor (where: string, detail?: ErrorDetail) {
    super(`${where}: connection refused`, detail)
  }
}

export class ServerUnreachableError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_UNREACHABLE'
  readonly httpStatus = 502
  readonly hint = 'Check the address, the route to it and the permissions of the socket.'

  constructor (where: string, words: string, detail?: ErrorDetail) {
    super(`${where}: ${words}`, detail)
  }
}

export class ServerTlsError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_TLS'
  readonly httpStatus = 502
  readonly hint = 'Check that both sides have certificates of the same CA, that they are valid now, and that the key files are readable.'

  constructor (where: string, words: string, detail?: ErrorDetail) {
    super(`${where}: TLS failed: ${words}`, detail)
  }
}

export class ServerTimeoutError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_TIMEOUT'
  readonly httpStatus = 504
  readonly hint = 'The server is busy, stopped, or cut off: see its health in the status.'

  constructor (where: string, what: string, afterMs: number, detail?: ErrorDetail) {
    super(`${where}: ${what} did not succeed within ${Math.round(afterMs)} ms`, detail)
  }
}

export class ServerClosedError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_CLOSED'
  readonly httpStatus = 502
  readonly hint = 'The server ended the connection: see whether its process still runs, and its log.'

  constructor (where: string, words: string, detail?: ErrorDetail) {
    super(`${where}: ${words}`, detail)
  }
}

export class ServerGarbledError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_GARBLED'
  readonly httpStatus = 502
  readonly hint = 'What answers there does not speak OVSDB: check the address and the path.'

  constructor (where: string, words: string, detail?: ErrorDetail) {
    super(`${where}: not an answer that ovsdb-server gives: ${words}`, detail)
  }
}

export class ServerReplyTooLargeError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_REPLY_TOO_LARGE'
  readonly httpStatus = 502
  readonly hint = 'Check what answers there; a real database this large is beyond what ovsdb-ha reads through one connection.'

  constructor (where: string, limit: string, detail?: ErrorDetail) {
    super(`${where}: the answer is larger than ${limit}`, detail)
  }
}

export class ServerOverloadedError extends ServerTalkError {
  readonly code = 'OVSDB_HA_SERVER_OVERLOADED'
  readonly httpStatus = 503
  readonly hint = 'The server does not keep up: see its health in the status.'

  constructor (where: string, words: string, detail?: ErrorDetail) {
    super(`${where}: ${words}`, detail)
  }
}

/** The server answered, and said no. `error` is its short tag (`not allowed`, `timed out`), `details` its sentence. */
export class OvsdbError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_DATABASE_REFUSED'
  readonly httpStatus = 502
  readonly hint = 'Read the words of ovsdb-server in the message.'
  readonly error: string
  readonly details: string
  /** Of a transaction: its place among the operations; beyond the last one when the commit was refused. */
  readonly operationIndex: number | null

  constructor (where: string, error: string, details: string, detail?: ErrorDetail & { readonly operationIndex?: number }) {
    super(`${where}: ${error}${details === '' ? '' : `: ${details}`}`, detail)
    this.error = error
    this.details = details
    this.operationIndex = detail?.operationIndex ?? null
  }
}

/** A unixctl command was refused. `text` is what the server said. */
export class ControlRefusedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONTROL_REFUSED'
  readonly httpStatus = 502
  readonly hint = 'Read the words of ovsdb-server in the message; its version may lack the command.'
  readonly text: string

  constructor (where: string, command: string, text: string, detail?: ErrorDetail) {
    super(`${where}: ${command}: ${text.trim()}`, detail)
    this.text = text
  }
}

/** A role change was accepted and did not show. The role is then unknown: treat the server as one that may be writable. */
export class RoleNotChangedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_ROLE_NOT_CHANGED'
  readonly httpStatus = 502
  readonly hint = 'Read the log of ovsdb-server; it may be busy, or refuse the source.'

  constructor (server: string, wanted: string, seen: string, detail?: ErrorDetail) {
    super(`${server}: should be ${wanted}, but ${seen}`, detail)
  }
}

export class ListenerError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_LISTENER'
  readonly httpStatus = 502
  readonly hint = 'Check that the address is on this host and that no other process has the port (ss -ltnp).'

  constructor (server: string, words: string, detail?: ErrorDetail) {
    super(`${server}: ${words}`, detail)
  }
}

/** The active's schema does not fit into the backup's: replicating would make the backup promote itself. */
export class SchemaMismatchError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_SCHEMA_MISMATCH'
  readonly httpStatus = 409
  readonly hint = 'Bring both nodes to the same schema, backups first (ovsdb-tool convert on a stopped backup).'
  readonly differences: readonly string[]

  constructor (server: string, differences: readonly string[], detail?: ErrorDetail) {
    super(`${server}: cannot follow, the schemas differ: ${differences.slice(0, 5).join('; ')}${differences.length > 5 ? `; and ${differences.length - 5} more` : ''}`, detail)
    this.differences = differences
  }
}

export class MarkerPlaceError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_MARKER_PLACE'
  readonly httpStatus = 501
  readonly hint = 'Name a map of strings in a single-row table of the schema (servers[].marker in cluster.yaml). Without one a switchover cannot prove that nothing is lost: stop the clients and fail over instead.'

  constructor (database: string, configured: MarkerColumn | null, detail?: ErrorDetail) {
    super(configured === null
      ? `${database}: no row of its schema can take a marker`
      : `${database}: ${configured.table}.${configured.column} (marker in cluster.yaml) is no map of strings in a table with at most one row`, detail)
  }
}

export class MarkerLateError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_MARKER_LATE'
  readonly httpStatus = 504
  readonly hint = 'The backup is behind: wait until it caught up, or raise timing.handoverDeadline.'

  constructor (database: string, marker: string, afterMs: number, detail?: ErrorDetail) {
    super(`${database}: marker ${marker} did not arrive within ${Math.round(afterMs)} ms`, detail)
  }
}

/** The rows of Connection (or Manager) could not be brought to what the configuration says. */
export class ConnectionsError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONNECTIONS'
  readonly httpStatus = 501
  readonly hint = 'Correct servers[].connections in cluster.yaml, or leave it out and manage the rows by hand.'

  constructor (database: string, words: string, detail?: ErrorDetail) {
    super(`${database}: ${words}`, detail)
  }
}
