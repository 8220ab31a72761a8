import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RescueConfig } from '../../protocol/cluster.ts'
import type { Position } from '../../protocol/position.ts'
import type { ServerHappening } from '../server.ts'
import { wallClock } from '../clock.ts'
import { syncFolder } from './durable-file.ts'
import { RescueError } from './server-errors.ts'

/** Everything a reader of a rescue needs to know about it; stored beside the copy as `NAME.json`. */
export interface RescueNote {
  readonly cluster: string
  readonly node: string
  readonly server: string
  readonly database: string
  readonly takenAt: string
  /** Why it was taken: what was about to overwrite the file. */
  readonly reason: string
  /** A plain copy of another node's data, kept only against a crash in the middle of the resync: removed before any other. */
  readonly routine: boolean
  readonly position: Position | null
  readonly bytes: number
  readonly original: string
}

export interface Rescues {
  /**
   * Keeps a copy of a database file and its note, both on disk when this resolves, then removes the oldest rescues beyond
   * the limits. Resolves to the copy's path. Rejects with a RescueError when the copy cannot be kept; nothing is removed then.
   */
  keep (file: string, note: Omit<RescueNote, 'takenAt' | 'bytes' | 'original'>): Promise<string>
  /** What is kept now, sidecars not counted. */
  count (): Promise<{ readonly files: number, readonly bytes: number }>
}

export function createRescues (config: RescueConfig, onHappening: ServerHappening): Rescues {
  return {
    async keep (file, note) {
      try {
        await mkdir(config.directory, { recursive: true, mode: 0o700 })
        const kept = await keepCopy(config, file, note)
        onHappening('rescueKept', `the file of ${note.server} was kept before replication: ${kept.path}`, { server: note.server, file: kept.path, bytes: kept.bytes, reason: note.reason })
        await prune(config, kept.path, onHappening)
        return kept.path
      } catch (cause) {
        if (cause instanceof RescueError) throw cause
        throw new RescueError(note.server, (cause as Error).message, { cluster: note.cluster, node: note.node, cause })
      }
    },
    async count () {
      const kept = await list(config.directory)
      return { files: kept.length, bytes: sum(kept.map(rescue => rescue.bytes)) }
    }
  }
}

const SUFFIX = '.rescue.db'
const ROUTINE_SUFFIX = `.routine${SUFFIX}`
/** Set while a copy is being made; such a file is no rescue, and the next start of a copy removes it. */
const UNFINISHED = '.unfinished'

async function keepCopy (config: RescueConfig, file: string, note: Omit<RescueNote, 'takenAt' | 'bytes' | 'original'>): Promise<{ readonly path: string, readonly bytes: number }> {
  const { size } = await stat(file)
  if (size > config.maxBytes) throw new RescueError(note.server, `${file} has ${size} bytes, more than rescue.maxBytes (${config.maxBytes})`, note)
  const takenAt = wallClock().toISOString()
  const path = await freeName(config.directory, `${note.cluster}-${note.server}-${note.database}-${note.node}`, takenAt.replaceAll(/[:.]/g, ''), note.routine)
  const unfinished = `${path}${UNFINISHED}`
  try {
    // a reflink where the file system can: no time and no space
    await copyFile(file, unfinished, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    const copied = await syncFile(unfinished)
    const complete: RescueNote = { ...note, takenAt, bytes: copied, original: file }
    await writeSynced(`${path}.json`, JSON.stringify(complete, null, 2) + '\n')
    await rename(unfinished, path)
    await syncFolder(config.directory)
    return { path, bytes: copied }
  } catch (error) {
    await rm(unfinished, { force: true })
    await rm(`${path}.json`, { force: true })
    throw error
  }
}

async function freeName (directory: string, stem: string, time: string, routine: boolean): Promise<string> {
  const taken = new Set(await readdir(directory))
  for (const name of taken) {
    // left by an agent that died while it copied
    if (name.startsWith(`${stem}-`) && name.endsWith(UNFINISHED)) await rm(join(directory, name), { force: true })
  }
  for (let number = 0; ; number++) {
    const name = `${stem}-${time}${number === 0 ? '' : `-${number}`}${routine ? ROUTINE_SUFFIX : SUFFIX}`
    if (!taken.has(name)) return join(directory, name)
  }
}

async function prune (config: RescueConfig, newest: string, onHappening: ServerHappening): Promise<void> {
  const kept = await list(config.directory)
  let files = kept.length
  let bytes = sum(kept.map(rescue => rescue.bytes))
  for (const rescue of kept) {
    if (files <= config.maxFiles && bytes <= config.maxBytes) return
    // the one just taken stays, whatever the limits say: it is what this call promises
    if (rescue.path === newest) continue
    const note = await readFile(`${rescue.path}.json`, 'utf8').catch((error: Error) => `no note: ${error.message}`)
    await rm(rescue.path, { force: true })
    await rm(`${rescue.path}.json`, { force: true })
    files -= 1
    bytes -= rescue.bytes
    onHappening('rescueRemoved', `${rescue.routine ? 'a routine copy' : 'the oldest rescue'} (${basename(rescue.path)}) was removed to stay within the limits`, { file: rescue.path, bytes: rescue.bytes, note: note.slice(0, 1000) })
  }
}

interface Kept {
  readonly path: string
  readonly bytes: number
  readonly takenMs: number
  readonly routine: boolean
}

/** What may go first: routine copies, then the oldest. A missing directory holds nothing. */
async function list (directory: string): Promise<readonly Kept[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const kept: Kept[] = []
  for (const name of names.filter(name => name.endsWith(SUFFIX))) {
    const path = join(directory, name)
    const found = await stat(path)
    kept.push({ path, bytes: found.size, takenMs: found.mtimeMs, routine: name.endsWith(ROUTINE_SUFFIX) })
  }
  return kept.sort((a, b) => Number(b.routine) - Number(a.routine) || a.takenMs - b.takenMs || a.path.localeCompare(b.path))
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

async function writeSynced (path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** What a resync needs beyond twice the copy: headers, the heartbeat database, the log. */
export const DISK_MARGIN_BYTES = 16 * 1024 * 1024

/**
 * Null when a resync should fit: a backup whose disk fills up turns active, writable and empty (FACTS R N2). The source's
 * file size cannot be asked for over OVSDB, so our own file stands for it, twice and with a margin. A source much larger
 * than our file can still fill the disk; the follower then sees the self-promotion and undoes it.
 */
export async function whyNoRoom (databaseFile: string, fileBytes: number): Promise<string | null> {
  const found = await statfs(dirname(databaseFile))
  const freeBytes = found.bavail * found.bsize
  const neededBytes = 2 * fileBytes + DISK_MARGIN_BYTES
  return freeBytes >= neededBytes ? null : `${dirname(databaseFile)} has ${freeBytes} bytes free and the resync may need ${neededBytes}`
}
