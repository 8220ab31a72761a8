// One database into one compressed file, and back: by Open vSwitch's own programs, in processes of their own, so that
// megabytes of rows never keep a lease from being renewed.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createGzip } from 'node:zlib'
import { execa } from 'execa'
import { readSchema } from './read-content.ts'
import { SnapshotError } from './snapshot-errors.ts'

export interface Counted {
  readonly contentBytes: number
  readonly contentSha256: string
}

/** Counts and digests what passes. */
function createMeter () {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform (chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    }
  })
  return { stream, counted: (): Counted => ({ contentBytes: bytes, contentSha256: hash.digest('hex') }) }
}

/** `ovsdb-client backup`: all rows of one moment with their identifiers, as a database file. On disk when this resolves. */
export async function copyDatabase (client: readonly string[], socket: string, database: string, file: string, timeoutMs: number): Promise<Counted> {
  const [program = '', ...prefix] = client
  const child = execa(program, [...prefix, 'backup', `unix:${socket}`, database], { stdin: 'ignore', encoding: 'buffer', buffer: { stdout: false, stderr: true }, timeout: timeoutMs, killSignal: 'SIGKILL', env: { LC_ALL: 'C' }, reject: false })
  const meter = createMeter()
  await pipeline(child.stdout, meter.stream, createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  const result = await child
  if (result.exitCode !== 0) throw new SnapshotError(`${database} was not copied`, `${program}: ${whyFailed(result, timeoutMs)}`)
  await syncFile(file)
  return meter.counted()
}

async function syncFile (path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export interface ReadBack extends Counted {
  readonly schemaVersion: string
  readonly rowEntries: number
}

/**
 * Reads a compressed copy as it is on disk into `scratch`, has Open vSwitch's own tool load it, and counts its rows.
 * Rejects when it is no database, or another one. `scratch` is removed again.
 */
export async function readBack (tool: readonly string[], path: string, database: string, scratch: string, timeoutMs: number): Promise<ReadBack> {
  const endsMs = performance.now() + timeoutMs
  const leftMs = () => Math.max(1, Math.ceil(endsMs - performance.now()))
  const meter = createMeter()
  await rm(scratch, { force: true }) // left by an agent that died
  try {
    await pipeline(createReadStream(path), createGunzip(), meter.stream, createWriteStream(scratch, { flags: 'wx', mode: 0o600 }), { signal: AbortSignal.timeout(leftMs()) })
    const schema = await readSchema(scratch)
    if (schema.name !== database) throw new SnapshotError(path, `it is a copy of ${schema.name}, and not of ${database}`)
    const selects = Object.keys(schema.tables).map(table => ({ op: 'select', table, where: [], columns: ['_uuid'] }))
    const rowEntries = await countRows(tool, scratch, JSON.stringify([database, ...selects]), leftMs())
    return { ...meter.counted(), schemaVersion: schema.version ?? '', rowEntries }
  } finally {
    await rm(scratch, { force: true })
  }
}

const ROW = Buffer.from('"_uuid"')

/** The tool reads the whole file, checksums and all, before it answers; only identifiers come back, and are counted as they pass. */
async function countRows (tool: readonly string[], file: string, transaction: string, timeoutMs: number): Promise<number> {
  const [program = '', ...prefix] = tool
  const child = execa(program, [...prefix, 'query', file, transaction], { stdin: 'ignore', encoding: 'buffer', buffer: { stdout: false, stderr: true }, timeout: timeoutMs, killSignal: 'SIGKILL', env: { LC_ALL: 'C' }, reject: false })
  let rowEntries = 0
  let rest = Buffer.alloc(0)
  for await (const chunk of child.stdout) {
    const text = Buffer.concat([rest, chunk as Buffer])
    let at = text.indexOf(ROW)
    let after = 0
    for (; at !== -1; at = text.indexOf(ROW, after)) {
      rowEntries += 1
      after = at + ROW.length
    }
    rest = text.subarray(Math.max(after, text.length - ROW.length + 1))
  }
  const result = await child
  if (result.exitCode === 0 && result.stderr.length === 0) return rowEntries
  throw new SnapshotError(file, `${program} does not load it: ${whyFailed(result, timeoutMs)}`)
}

function whyFailed (result: { readonly timedOut: boolean, readonly stderr: Uint8Array, readonly shortMessage?: string | undefined }, timeoutMs: number): string {
  if (result.timedOut) return `killed after ${timeoutMs} ms`
  return Buffer.from(result.stderr).toString('utf8').trim().slice(0, 500) || (result.shortMessage ?? 'it ended in a way of its own')
}
