// Reads whole databases: out of a file by ovsdb-tool, out of a server through its socket. Runs in the thread of rescue-thread.ts.
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { connectOvsdb, type OperationResult, type Transactor } from './client.ts'
import { rowsOf, selectTable, type Content, type Row } from './content.ts'
import type { DatabaseSchema } from '../../protocol/database-schema.ts'
import type { Target } from './target.ts'

/** A text in JavaScript has half a gigabyte at most. */
const CONTENT_BYTES_MAX = 256 * 1024 * 1024
const HEADER_BYTES_MAX = 128
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface FileToRead {
  readonly path: string
  /** ovsdb-tool and what comes before its arguments. */
  readonly tool: readonly string[]
  /** Where a compressed file is unpacked; removed again. Null: the file is not compressed. */
  readonly unpackTo: string | null
}

export interface ServerToRead {
  readonly target: Target
  readonly database: string
  readonly connectTimeoutMs: number
}

export async function readFileContent ({ path, tool, unpackTo }: FileToRead, deadlineMs: number): Promise<Content> {
  if (unpackTo === null) return await readPlainFile(path, tool, deadlineMs)
  try {
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(unpackTo, { flags: 'w', mode: 0o600 }), { signal: AbortSignal.timeout(deadlineMs) })
    return await readPlainFile(unpackTo, tool, deadlineMs)
  } finally {
    await rm(unpackTo, { force: true })
    await rm(lockBeside(unpackTo), { force: true })
  }
}

/** Some commands of ovsdb-tool leave a lock file beside the database: `.NAME.~lock~`. */
function lockBeside (path: string): string {
  return path.replace(/([^/]*)$/, '.$1.~lock~')
}

async function readPlainFile (path: string, [program = 'ovsdb-tool', ...prefix]: readonly string[], deadlineMs: number): Promise<Content> {
  const schema = await readSchema(path)
  const names = Object.keys(schema.tables)
  const query = JSON.stringify([schema.name, ...names.map(name => selectTable(schema, name))])
  const { stdout } = await execa(program, [...prefix, 'query', path, query], {
    timeout: deadlineMs, stdin: 'ignore', extendEnv: false, env: { PATH: SEARCH_PATH }, maxBuffer: CONTENT_BYTES_MAX, stripFinalNewline: false
  })
  const results = JSON.parse(stdout) as ReadonlyArray<OperationResult & { readonly error?: string }>
  if (results.length !== names.length || results.some(result => result?.rows === undefined)) throw new Error(`ovsdb-tool cannot read ${path}: ${stdout.slice(0, 300)}`)
  return { schema, tables: new Map(names.map((name, index): [string, ReadonlyMap<string, Row>] => [name, rowsOf(results[index] ?? {})])) }
}

/** The first record of a database file is its schema: a line `OVSDB JSON LENGTH SHA1`, and LENGTH bytes of JSON. */
export async function readSchema (path: string): Promise<DatabaseSchema> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES_MAX), 0, HEADER_BYTES_MAX, 0)
    const header = buffer.subarray(0, bytesRead).toString('latin1').split('\n')[0] ?? ''
    const length = Number(/^OVSDB JSON (\d+) [0-9a-f]{40}$/.exec(header)?.[1] ?? 0)
    if (length === 0 || length > CONTENT_BYTES_MAX) throw new Error(`${path} is no database file of a standalone server`)
    const record = await file.read(Buffer.alloc(length), 0, length, header.length + 1)
    return JSON.parse(record.buffer.subarray(0, record.bytesRead).toString('utf8')) as DatabaseSchema
  } finally {
    await file.close()
  }
}

/** One database of a server, read table by table: no more of it than one table is in memory, unless the reader keeps it. */
export interface ServerReader {
  readonly schema: DatabaseSchema
  readonly client: Transactor
  table (name: string): Promise<ReadonlyMap<string, Row>>
  /** Those of these rows that are there. */
  rows (table: string, uuids: readonly string[]): Promise<ReadonlyMap<string, Row>>
  close (): void
}

/** Each table in a transaction of its own: a server answers nobody else while it writes one down. */
export async function openServerReader ({ target, database, connectTimeoutMs }: ServerToRead, deadlineMs: number): Promise<ServerReader> {
  const endsMs = performance.now() + deadlineMs
  const leftMs = () => Math.max(1, endsMs - performance.now())
  const client = await connectOvsdb({ target, connectTimeoutMs, callTimeoutMs: deadlineMs, maxReplyBytes: CONTENT_BYTES_MAX })
  try {
    const schema = await client.getSchema(database)
    return {
      schema,
      client,
      async table (name) {
        const [result] = await client.transact(database, [selectTable(schema, name)], leftMs())
        return rowsOf(result ?? {})
      },
      async rows (table, uuids) {
        const results = await client.transact(database, uuids.map(uuid => ({ ...selectTable(schema, table), where: [['_uuid', '==', ['uuid', uuid]]] })), leftMs())
        return rowsOf({ rows: results.flatMap(({ rows = [] }) => rows) })
      },
      close: () => client.destroy()
    }
  } catch (error) {
    client.destroy()
    throw error
  }
}

export async function readServerContent (server: ServerToRead, deadlineMs: number): Promise<Content> {
  const reader = await openServerReader(server, deadlineMs)
  try {
    const tables = new Map<string, ReadonlyMap<string, Row>>()
    for (const name of Object.keys(reader.schema.tables)) tables.set(name, await reader.table(name))
    return { schema: reader.schema, tables }
  } finally {
    reader.close()
  }
}
