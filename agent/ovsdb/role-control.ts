// The port for changing the role of one ovsdb-server (drivers: appctl-control.ts, config-file-control.ts).
import { invariant } from '../../protocol/invariant.ts'
import type { ServerRole } from '../../protocol/report.ts'
import type { Control } from './control.ts'
import type { Database } from './database.ts'
import type { DatabaseSync, Replication } from './sync-status.ts'

/**
 * The source of a server that follows nobody: TEST-NET-1, never routed, so it cannot answer. A server pointed at it is a
 * read-only backup that keeps its data and still serves replicas (S5).
 */
export const PLACEHOLDER = 'tcp:192.0.2.254:6641'

/** Inactivity probe of the replication session, ovsdb-server's own default: shorter ones cut sessions while a large source stalls. */
export const SOURCE_PROBE_MS = 60_000

/** A database that a server must serve, and its file. */
export interface DatabaseFile {
  readonly name: string
  readonly file: string
}

export interface RoleObservation {
  /** `active` or `backup` only when every database says so. */
  readonly role: ServerRole
  /** The source that every database names; null when there is none, when it is the placeholder, or when they differ. */
  readonly source: string | null
  /** `replicating` only when every database is; it means "was complete once", never "is connected now". */
  readonly replication: Replication
  /** How many connections to its source a backup has when all is well: one, and from Open vSwitch 3.3 on one for each database. */
  readonly sessions: number
  /** One entry for each of `databases`, in their order. */
  readonly perDatabase: readonly DatabaseSync[]
  /** Without `_Server`. */
  readonly databases: readonly string[]
  readonly remotes: readonly string[]
}

/**
 * Changes the role of one running ovsdb-server and reads back what it did. Every method is idempotent; each of its commands, and
 * its wait for the effect, is bounded by `commandTimeoutMs`. It rejects with an OvsdbHaError when the server refused or does not show the change.
 */
export interface RoleControl {
  /**
   * What goes on the command line of a server started anew, so that it is born a read-only backup on the placeholder
   * (S5): databases, `remotes`, source. The config-file driver writes its file first.
   */
  birthArguments (): Promise<readonly string[]>
  observe (): Promise<RoleObservation>
  /** Read-only for everybody, sessions and data kept, on every database; proved by a refused write. */
  toPlaceholder (): Promise<void>
  /** Follows another source (`tcp:10.0.0.1:16641`) without a writable instant; resolves when every database names it, not when the copy is complete. */
  repoint (source: string): Promise<void>
  /** Active on every database, proved by an accepted write without effect in each. */
  promote (): Promise<void>
  /** Adds clients' listeners (`ptcp:6641:10.0.0.100`) and resolves when each of them listens. */
  addRemotes (remotes: readonly string[]): Promise<void>
  /** Removes listeners and with them their sessions; ones that are not there are fine. */
  removeRemotes (remotes: readonly string[]): Promise<void>
  /** Makes the server serve the database in this file. Refused unless the server is on the placeholder: elsewhere it could promote itself. */
  ensureDatabase (name: string, file: string): Promise<void>
}

export interface RoleControlOptions {
  /** The server's name, for errors. */
  readonly name: string
  readonly control: Control
  /** The connection to the server's Unix socket: a remote that may write. */
  readonly database: Database
  /** Listeners that a server is born with: the Unix socket (`punix:…`). None for replication: see openGate. */
  readonly remotes: readonly string[]
  /** What the server serves: the user database and the heartbeat database. */
  readonly databases: readonly DatabaseFile[]
  readonly commandTimeoutMs: number
  /** The server's process, to tell its listeners from a stranger's on the same address; null when unknown. */
  readonly pid: () => number | null
}

/** ovsdb-server accepts any text as a source and then waits for it for ever (FACTS R 4). */
export function assertSource (source: string): void {
  invariant(/^(tcp|ssl):(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):[0-9]+$/.test(source), `not the address of a source: ${source}`)
}
