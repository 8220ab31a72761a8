import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { HistoryEntry } from '../../protocol/api.ts'
import type { Intent, Memory, Store } from './store.ts'
import { STORE_SCHEMA_VERSION, StoreConflictError, StoreCorruptError, StoreVersionError } from './store-errors.ts'

const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE intent (cluster TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE memory (cluster TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, cluster TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX history_by_cluster ON history (cluster, id);
  INSERT INTO meta VALUES ('schemaVersion', '${STORE_SCHEMA_VERSION}');
`

/** Made when it is missing: files of before there were numbered happenings have none, and need no more than this. */
const HAPPENINGS = "CREATE UNIQUE INDEX IF NOT EXISTS history_by_happening ON history (CASE WHEN json_valid(body) THEN json_extract(body, '$.happening') END)"

/**
 * One file, one process. TRUNCATE leaves everything in that one file between two transactions (a WAL would not), and
 * with FULL each commit is on disk before it returns; EXCLUSIVE keeps the file's lock for the life of the connection,
 * so that a second controller is refused at its start and not at its first write.
 */
const PRAGMAS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = TRUNCATE;
  PRAGMA synchronous = FULL;
  PRAGMA trusted_schema = OFF;
`

export interface EmbeddedFileOptions {
  readonly file: string
  readonly historyMax: number
}

/** The part of the Store port that is on disk. */
export type StoredMethods = Pick<Store, 'intent' | 'setIntent' | 'memory' | 'setMemory' | 'append' | 'history' | 'entry'>

/** The same, synchronous: runs in the store's own thread. */
export type EmbeddedFile = { readonly [Name in keyof StoredMethods]: (...args: Parameters<StoredMethods[Name]>) => Awaited<ReturnType<StoredMethods[Name]>> } & {
  /** The highest id that an entry ever had, kept or forgotten. */
  readonly lastEntryId: () => number
  close (): void
}

/** Opens or makes the file, refuses one that is not whole, and answers every call from it. Throws SQLite's own errors. */
export function openEmbeddedFile ({ file, historyMax }: EmbeddedFileOptions): EmbeddedFile {
  makeDirectory(dirname(file))
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec(PRAGMAS)
    prepareTables(database, file)
  } catch (error) {
    database.close()
    throw error
  }
  return { ...documents(database, file), ...historyTable(database, file, historyMax), close: () => { closeFile(database) } }
}

/** Leaves one file behind: an exclusive connection keeps its (empty) journal beside it until it is told not to. */
function closeFile (database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = DELETE')
  database.close()
}

/** Makes the last directory of the path and no more: a missing parent is a missing mount, and not ours to paper over. */
function makeDirectory (path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function prepareTables (database: DatabaseSync, file: string): void {
  database.exec('BEGIN EXCLUSIVE')
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map(row => row.name)
  if (tables.length === 0) {
    database.exec(TABLES)
  } else {
    if (!tables.includes('meta')) throw new StoreCorruptError(file, 'it is a SQLite database of another program')
    const check = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (check !== 'ok') throw new StoreCorruptError(file, `SQLite found damage in it: ${String(check).split('\n').at(-1)}`)
    const version = String(database.prepare("SELECT value FROM meta WHERE key = 'schemaVersion'").get()?.value)
    if (version !== String(STORE_SCHEMA_VERSION)) throw new StoreVersionError(file, version)
  }
  database.exec(HAPPENINGS)
  database.exec('COMMIT')
}

function parse<T> (file: string, what: string, body: SQLInputValue | undefined): T {
  try {
    return JSON.parse(String(body)) as T
  } catch (cause) {
    throw new StoreCorruptError(file, `${what} is not JSON`, cause)
  }
}

/** One JSON document per cluster: the operators' intent, and what the leader remembers. */
function documents (database: DatabaseSync, file: string) {
  const statements = (table: 'intent' | 'memory') => ({
    get: database.prepare(`SELECT body FROM ${table} WHERE cluster = ?`),
    set: database.prepare(`INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (cluster) DO UPDATE SET body = excluded.body`)
  })
  const intent = statements('intent')
  const memory = statements('memory')

  function readIntent (cluster: string): Intent {
    const row = intent.get.get(cluster)
    // an intent of before there were versions is one that somebody set
    return row === undefined ? { version: 0, paused: null } : { version: 1, ...parse<Pick<Intent, 'paused'>>(file, `the intent of ${cluster}`, row.body as string) }
  }

  function readMemory (cluster: string): Memory | null {
    const row = memory.get.get(cluster)
    return row === undefined ? null : parse(file, `the memory of ${cluster}`, row.body as string)
  }

  return {
    intent (cluster: string): Intent {
      return readIntent(cluster)
    },
    setIntent (cluster: string, value: Intent): void {
      const stored = readIntent(cluster)
      if (stored.version >= value.version) throw new StoreConflictError(cluster)
      intent.set.run(cluster, JSON.stringify(value))
    },
    memory (cluster: string): Memory | null {
      return readMemory(cluster)
    },
    setMemory (cluster: string, value: Memory): void {
      const stored = readMemory(cluster)
      if (stored !== null && (stored.term > value.term || (stored.term === value.term && stored.sequence > value.sequence))) return
      memory.set.run(cluster, JSON.stringify(value))
    }
  }
}

function historyTable (database: DatabaseSync, file: string, historyMax: number) {
  const insert = database.prepare('INSERT OR IGNORE INTO history (id, cluster, body) VALUES (?, ?, ?)')
  const forget = database.prepare('DELETE FROM history WHERE id <= ?')
  const newest = database.prepare('SELECT id, body FROM history WHERE id < ? ORDER BY id DESC LIMIT ?')
  const newestOf = database.prepare('SELECT id, body FROM history WHERE cluster = ? AND id < ? ORDER BY id DESC LIMIT ?')
  const last = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'history'")
  const byId = database.prepare('SELECT id, body FROM history WHERE id = ?')

  const toEntry = (row: Record<string, unknown>): HistoryEntry =>
    ({ id: Number(row.id), ...parse<Omit<HistoryEntry, 'id'>>(file, `history entry ${String(row.id)}`, row.body as string) })

  return {
    lastEntryId: () => Number(last.get()?.seq ?? 0),
    append ({ id, ...entry }: HistoryEntry): boolean {
      database.exec('BEGIN IMMEDIATE')
      try {
        insert.run(id, entry.cluster, JSON.stringify(entry))
        forget.run(id - historyMax)
        const isThere = byId.get(id) !== undefined
        database.exec('COMMIT')
        return isThere
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK') // a full disk has already rolled it back
        throw error
      }
    },
    history ({ cluster, before, limit }: Parameters<Store['history']>[0]): readonly HistoryEntry[] {
      const below = before ?? Number.MAX_SAFE_INTEGER
      const rows = cluster === undefined ? newest.all(below, limit) : newestOf.all(cluster, below, limit)
      return rows.map(toEntry)
    },
    entry (id: number): HistoryEntry | null {
      const row = byId.get(id)
      return row === undefined ? null : toEntry(row)
    }
  }
}
