// The directory of snapshots: one directory for each, with a compressed file per database and what is to be known of it.
import { mkdir, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import type { SnapshotsConfig } from '../../protocol/cluster.ts'
import { SnapshotIdSchema, SnapshotSchema, type Snapshot, type SnapshotList } from '../../protocol/snapshot.ts'
import { replaceFile, syncFolder } from './durable-file.ts'

/** Set while a snapshot is being made; such a directory is none, and the next one removes it. */
const UNFINISHED = '.unfinished'
const NOTE = 'snapshot.json'

/** Oldest first. A missing directory holds nothing. */
export async function findSnapshots (directory: string): Promise<SnapshotList> {
  const snapshots: Snapshot[] = []
  const problems: string[] = []
  const names = await readdir(directory).catch(whenMissing([]))
  for (const name of names.filter(one => Value.Check(SnapshotIdSchema, one)).toSorted()) {
    try {
      const note: unknown = JSON.parse(await readFile(join(directory, name, NOTE), 'utf8'))
      if (Value.Check(SnapshotSchema, note) && note.id === name) snapshots.push(note)
      else problems.push(`${join(directory, name, NOTE)} is no note of this version`)
    } catch (error) {
      problems.push(`${join(directory, name)}: ${(error as Error).message}`)
    }
  }
  return { snapshots, problems }
}

/** An empty place to write into, which becomes a snapshot by `publish`. What a dead agent left is removed first. */
export async function beginSnapshot (directory: string, id: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  for (const name of await readdir(directory)) if (name.endsWith(UNFINISHED)) await rm(join(directory, name), { recursive: true, force: true })
  const place = join(directory, `${id}${UNFINISHED}`)
  await mkdir(place, { mode: 0o700 })
  return place
}

/** All of it is there under its name when this resolves, also after a power loss; or nothing is. */
export async function publish (directory: string, place: string, snapshot: Snapshot): Promise<void> {
  await replaceFile(join(place, NOTE), JSON.stringify(snapshot, null, 2) + '\n')
  await syncFolder(place)
  await rename(place, join(directory, snapshot.id))
  await syncFolder(directory)
}

/** Removes the oldest beyond the limits, never the newest, nor `spare`; resolves to what went. */
export async function retain ({ directory, maxSnapshots, maxBytes }: SnapshotsConfig, spare?: string): Promise<readonly string[]> {
  const { snapshots } = await findSnapshots(directory)
  const removed: string[] = []
  const sizes = new Map(snapshots.map(one => [one.id, one.databases.reduce((sum, { fileBytes }) => sum + fileBytes, 0)]))
  let bytes = [...sizes.values()].reduce((sum, one) => sum + one, 0)
  for (const { id } of snapshots.slice(0, -1)) {
    if (snapshots.length - removed.length <= maxSnapshots && bytes <= maxBytes) break
    if (id === spare) continue
    await rm(join(directory, id), { recursive: true, force: true })
    bytes -= sizes.get(id) ?? 0
    removed.push(id)
  }
  if (removed.length > 0) await syncFolder(directory)
  return removed
}

/** Why there is no room for a copy and its reading back beside each other; null when there is. */
export async function whyNoRoom (directory: string, databaseFiles: readonly string[]): Promise<string | null> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const sizes = await Promise.all(databaseFiles.map(async file => (await stat(file)).size))
  const neededBytes = 2 * sizes.reduce((sum, size) => sum + size, 0)
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize >= neededBytes ? null : `${directory} has ${bavail * bsize} bytes free, and twice the databases are ${neededBytes}`
}

function whenMissing<T> (instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}
