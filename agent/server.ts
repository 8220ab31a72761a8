// The port between the agent's shell and one ovsdb-server (adapters: agent/ovsdb/).
import type { Health, ServerRole } from '../protocol/report.ts'
import type { Position } from '../protocol/position.ts'

/** What one look at a server found. Everything that could not be learnt is null or `unknown`, never guessed. */
export interface ServerObservation {
  readonly health: Health
  readonly reason: string | null
  /** It is busy, and has been for longer than `busyAfterMs`. */
  readonly overdue: boolean
  /** `active` or `backup` only when all its databases say so. */
  readonly role: ServerRole
  readonly source: string | null
  readonly replication: 'none' | 'connecting' | 'replicating'
  readonly complete: boolean
  readonly incompleteReason: string | null
  /** Of the newest heartbeat that is here, as far as the users' rows are known to be here too. */
  readonly position: Position | null
  readonly hasRows: boolean
  readonly pid: number | null
  readonly version: string | null
  readonly fileBytes: number
  readonly gateOpen: boolean
}

/** A node to replicate from, by its own address (S5). */
export interface Source {
  readonly node: string
  readonly address: string
}

/**
 * One ovsdb-server process under the agent. Each method is idempotent, bounded by its own deadline (the cluster's
 * `commandTimeoutMs` unless said otherwise), reads back what it did, and rejects with an OvsdbHaError that names the
 * server when it could not be done.
 */
export interface OvsdbServer {
  readonly name: string
  /**
   * Makes sure that the process runs and answers. A process that already runs is adopted as it is, whatever its role;
   * one that is started anew is a backup on the placeholder (S5). Resolves to whether it was adopted.
   */
  start (): Promise<{ readonly adopted: boolean }>
  /** Looks at everything once; never rejects. */
  observe (): Promise<ServerObservation>
  /** Calls back at once, and once per loss, when the connection to the server ends or it stops answering its echo. */
  onTrouble (listener: () => void): void
  /** Placeholder source, read-only for everybody, data kept, still a source for others; read back on all databases. */
  becomeBackup (): Promise<void>
  /**
   * Follows a source: schemas compared by column type, free disk, its own file kept as a rescue (S5, S7), then
   * re-pointed without a writable instant. Resolves to the kept files when replication of every database was seen
   * complete; `signal` ends it (the server then stays a backup of whatever it was pointed at).
   */
  follow (source: Source, signal: AbortSignal): Promise<void>
  /**
   * Promotes, re-reads all databases, and proves it by a write probe and one real row: `position` in the heartbeat database.
   * Refuses a server that is active already unless it was promoted in that very term (then nothing happens), one whose rows
   * are gone, and, unless forced, an incomplete copy.
   */
  promote (position: Position, options: { readonly force: boolean }): Promise<void>
  /** Adds the clients' listeners on these addresses, and the one for replication where there is none yet, and makes sure that they listen. */
  openGate (addresses: readonly string[]): Promise<void>
  /**
   * Resolves only when this server certainly serves no client any more: the clients' listeners are removed (their
   * sessions end with them), or the process is gone. Rejects when neither can be told within the deadline.
   */
  closeGate (): Promise<void>
  /** Writes the marker into the user database through the Unix socket. */
  writeMarker (marker: string): Promise<void>
  /** Resolves when the marker is in the user database here. */
  awaitMarker (marker: string, deadlineMs: number): Promise<void>
  /** One heartbeat row (active only). */
  writeHeartbeat (position: Position): Promise<void>
  /**
   * Ends the process in order and starts it anew as a backup on the placeholder, with whatever program is installed now. With
   * `convertTo` its database is converted meanwhile to the schema file of the configuration, which must have that digest;
   * where that fails it is started as it was, and this rejects.
   */
  restart (convertTo: string | null): Promise<void>
  /** Converts the database of the running active to the schema file of the configuration, which must have that digest. */
  convert (digest: string): Promise<void>
  /** SIGKILL, and waits until the process is gone: for a hung server that may still hold queued writes. */
  kill (): Promise<void>
  /** Lets go of the server without touching it (the agent exits); closes connections. */
  detach (): Promise<void>
}

/** What a server tells the shell apart from answers: kept rescues, records lost at start, and the like. */
export type ServerHappening = (kind: string, message: string, facts: Readonly<Record<string, string | number | boolean | null>>) => void
