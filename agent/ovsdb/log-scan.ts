import { open, stat } from 'node:fs/promises'

export interface LostRecords {
  /** The server's own words. */
  readonly words: string
  /** Where in the database file reading ended. */
  readonly offset: number | null
}

/** One scan reads at most this much: a server that starts writes some lines, and a flood of them says the same. */
const SCAN_BYTES_MAX = 4 * 1024 * 1024

/** Size of the log now, 0 when there is none: where the lines of the next start begin. */
export async function logOffset (logFile: string): Promise<number> {
  return await stat(logFile).then(found => found.size, missingIsZero)
}

/**
 * Tells from the log whether the server gave up reading its database file at a broken record: it then starts anyway,
 * with only the rows before it (FACTS J). Only `databaseFile` counts; null when every record was read. Without an offset
 * (somebody else started it) the lines since the log was last opened count.
 */
export async function scanForLostRecords (logFile: string, fromOffset: number | null, databaseFile: string): Promise<LostRecords | null> {
  const text = fromOffset === null ? sinceLastOpened(await readTail(logFile)) : await readFrom(logFile, fromOffset)
  for (const found of findBrokenRecords(text, databaseFile)) {
    if (found.emptyHeader && found.offset !== null && await isZeroFrom(databaseFile, found.offset)) continue
    return { words: found.words, offset: found.offset }
  }
  return null
}

export interface BrokenRecord extends LostRecords {
  /** The record header there reads as nothing: zero bytes, which are harmless when nothing follows them. */
  readonly emptyHeader: boolean
}

/** Pure: the distinct complaints about one database file in some lines of log. */
export function findBrokenRecords (text: string, databaseFile: string): readonly BrokenRecord[] {
  const found = new Map<string, BrokenRecord>()
  for (const line of text.split('\n')) {
    const words = /\|ovsdb_server\|(?:ERR|EMER)\|((?:syntax error|I\/O error|ovsdb error): .*)$/.exec(line)?.[1]
    if (words === undefined || !words.includes(`: ${databaseFile}: `)) continue
    const offset = / at offset (\d+)/.exec(words)?.[1]
    found.set(words, { words, offset: offset === undefined ? null : Number(offset), emptyHeader: words.endsWith('in header line ""') })
  }
  return [...found.values()]
}

/** Pure: the lines of the last start, as far as the log tells. */
export function sinceLastOpened (text: string): string {
  return text.slice(Math.max(0, text.lastIndexOf('|vlog|INFO|opened log file ')))
}

async function readTail (path: string): Promise<string> {
  return await readFrom(path, Math.max(0, await logOffset(path) - SCAN_BYTES_MAX))
}

async function readFrom (path: string, fromOffset: number): Promise<string> {
  const size = await logOffset(path)
  // a shorter file was rotated or truncated in between: all of it is new
  const start = size < fromOffset ? 0 : fromOffset
  if (size === start) return ''
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size - start, SCAN_BYTES_MAX)), 0, undefined, start)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}

/** Whether nothing but zeros is in the file from there on: then no record was behind the broken header. */
async function isZeroFrom (path: string, offset: number): Promise<boolean> {
  const file = await open(path)
  try {
    const chunk = Buffer.alloc(64 * 1024)
    for (let position = offset; position < offset + SCAN_BYTES_MAX;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
      if (bytesRead === 0) return true
      if (chunk.subarray(0, bytesRead).some(byte => byte !== 0)) return false
      position += bytesRead
    }
    return false
  } finally {
    await file.close()
  }
}

function missingIsZero (error: NodeJS.ErrnoException): number {
  if (error.code === 'ENOENT') return 0
  throw error
}
