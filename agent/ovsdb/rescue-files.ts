// The directory of rescues: compressed snapshots of database files, each with its note beside it.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { Value } from 'typebox/value'
import { RescueNoteSchema, type RescueNote } from '../../protocol/rescue.ts'
import { replaceFile, syncFolder } from './durable-file.ts'
import type { Kept } from './rescue-retention.ts'

const RESCUE_SUFFIX = '.rescue.db.gz'
const GUARD_SUFFIX = '.guard.db.gz'
/** Set while a snapshot is being made; such a file is no rescue, and the next one of the same server removes it. */
export const UNFINISHED = '.unfinished'

export interface FoundRescue extends Kept {
  readonly id: string
  /** Null: it cannot be read, and `problem` says why. */
  readonly note: RescueNote | null
  readonly problem: string | null
}

export function idOf (node: string, path: string): string {
  return `${node}-${createHash('sha256').update(basename(path)).digest('hex').slice(0, 8)}`
}

/** What is there, the oldest first. A missing directory holds nothing. */
export async function findRescues (directory: string, node: string): Promise<readonly FoundRescue[]> {
  const names = await readdir(directory).catch(whenMissing([]))
  const found: FoundRescue[] = []
  for (const name of names.filter(name => name.endsWith(RESCUE_SUFFIX) || name.endsWith(GUARD_SUFFIX))) {
    const path = join(directory, name)
    const file = await stat(path).catch(whenMissing(null))
    if (file === null) continue // removed meanwhile
    const { note, problem } = await readNote(path)
    const acknowledgedMs = note === null || note.acknowledged === null ? null : Date.parse(note.acknowledged.at)
    found.push({ id: idOf(node, path), path, bytes: file.size, takenMs: note === null ? file.mtimeMs : Date.parse(note.takenAt), guard: name.endsWith(GUARD_SUFFIX), acknowledgedMs, note, problem })
  }
  return found.toSorted((a, b) => a.takenMs - b.takenMs || (a.path < b.path ? -1 : 1))
}

async function readNote (path: string): Promise<Pick<FoundRescue, 'note' | 'problem'>> {
  try {
    const note: unknown = JSON.parse(await readFile(notePath(path), 'utf8'))
    return Value.Check(RescueNoteSchema, note) ? { note, problem: null } : { note: null, problem: `${notePath(path)} is no note of this version` }
  } catch (error) {
    return { note: null, problem: (error as Error).message }
  }
}

export async function replaceNote (path: string, note: RescueNote): Promise<void> {
  await replaceFile(notePath(path), noteText(note))
}

export async function removeRescue (path: string): Promise<void> {
  await rm(path, { force: true })
  await rm(notePath(path), { force: true })
}

/** Compresses a database file into the directory; the snapshot and its note are on disk when this resolves, or neither is there. */
export async function writeRescue (directory: string, file: string, note: RescueNote): Promise<{ readonly path: string, readonly bytes: number }> {
  const path = await freeName(directory, note)
  const unfinished = `${path}${UNFINISHED}`
  try {
    await pipeline(createReadStream(file), createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(unfinished, { flags: 'wx', mode: 0o600 }))
    const bytes = await syncFile(unfinished)
    await replaceFile(notePath(path), noteText(note))
    await rename(unfinished, path)
    await syncFolder(directory)
    return { path, bytes }
  } catch (error) {
    await rm(unfinished, { force: true })
    await rm(notePath(path), { force: true })
    throw error
  }
}

async function freeName (directory: string, { cluster, server, database, node, takenAt, guard }: RescueNote): Promise<string> {
  const stem = `${cluster}-${server}-${database}-${node}`
  const taken = new Set(await readdir(directory))
  for (const name of taken) {
    // left by an agent that died while it compressed
    if (name.startsWith(`${stem}-`) && name.endsWith(UNFINISHED)) await rm(join(directory, name), { force: true })
  }
  for (let number = 0; ; number++) {
    const name = `${stem}-${takenAt.replaceAll(/[:.]/g, '')}${number === 0 ? '' : `-${number}`}${guard ? GUARD_SUFFIX : RESCUE_SUFFIX}`
    if (!taken.has(name)) return join(directory, name)
  }
}

async function syncFile (path: string): Promise<number> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

function notePath (path: string): string {
  return `${path}.json`
}

function noteText (note: RescueNote): string {
  return JSON.stringify(note, null, 2) + '\n'
}

function whenMissing<T> (instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}
