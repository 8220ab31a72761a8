import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerConfig, SnapshotsConfig } from '../../protocol/cluster.ts'
import type { Report } from '../../protocol/report.ts'
import type { Snapshot, SnapshotDatabase, SnapshotReply, SnapshotRequest } from '../../protocol/snapshot.ts'
import { monotonicMs, wallClock } from '../clock.ts'
import { runCommand } from '../command.ts'
import type { SnapshotService } from '../snapshot-service.ts'
import { MaintenanceRefusedError } from './maintenance-errors.ts'
import { toolBeside } from './server-command.ts'
import { copyDatabase, readBack } from './snapshot-copy.ts'
import { SnapshotError, SnapshotUnknownError } from './snapshot-errors.ts'
import { beginSnapshot, findSnapshots, publish, retain, whyNoRoom } from './snapshot-files.ts'
import { refuseUnlessWhole } from './whole-node.ts'

export interface SnapshotDeskOptions {
  readonly cluster: string
  readonly node: string
  readonly servers: readonly ServerConfig[]
  readonly snapshots: SnapshotsConfig
  /** The unit's state now. */
  readonly report: () => Report
}

/** The snapshots of one unit. It changes no server and no role: it reads over each server's own socket. */
export function createSnapshotDesk ({ cluster, node, servers, snapshots, report }: SnapshotDeskOptions): SnapshotService {
  const { directory } = snapshots
  const detail = { cluster, node }
  let busy = false

  /** Two at once would share a disk's bandwidth and the memory of the tools. */
  async function alone<T> (work: () => Promise<T>): Promise<T> {
    if (busy) throw new MaintenanceRefusedError(`${node} takes or verifies a snapshot already`, detail)
    busy = true
    try {
      return await work()
    } finally {
      busy = false
    }
  }

  async function take ({ as, actor, reason, deadlineMs }: SnapshotRequest): Promise<Snapshot> {
    const endMs = monotonicMs() + deadlineMs
    refuseUnlessWhole(report(), as)
    const takenAt = wallClock().toISOString()
    const id = `${takenAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${node}`
    if ((await findSnapshots(directory)).snapshots.some(one => one.id === id)) throw new MaintenanceRefusedError(`${node} took a snapshot within this second`, detail)
    const noRoom = await whyNoRoom(directory, servers.map(server => server.databaseFile))
    if (noRoom !== null) throw new SnapshotError('no snapshot was begun', noRoom, detail)
    const place = await beginSnapshot(directory, id)
    try {
      const databases: SnapshotDatabase[] = []
      for (const server of servers) databases.push(await copyAndReadBack(server, place, endMs))
      refuseUnlessWhole(report(), as) // a backup that began a resync meanwhile would have given half a copy
      const snapshot: Snapshot = { id, cluster, node, takenAt, as, actor, reason, directory: join(directory, id), databases }
      await publish(directory, place, snapshot)
      return snapshot
    } catch (cause) {
      await rm(place, { recursive: true, force: true })
      if (cause instanceof MaintenanceRefusedError || cause instanceof SnapshotError) throw cause
      throw new SnapshotError(`the snapshot ${id} was not taken`, (cause as Error).message, { ...detail, cause })
    }
  }

  return {
    take: request => alone(async () => {
      const snapshot = await take(request)
      return { snapshot, hook: await runHook(snapshots, snapshot), removed: await makeRoom(snapshots, snapshot, request.spare) }
    }),
    list: () => findSnapshots(directory),
    verify: (id, { deadlineMs }) => alone(async () => {
      const snapshot = (await findSnapshots(directory)).snapshots.find(one => one.id === id)
      if (snapshot === undefined) throw new SnapshotUnknownError(id, detail)
      return { snapshot, problems: await problemsOf(servers, join(directory, id), snapshot, monotonicMs() + deadlineMs) }
    })
  }
}

async function copyAndReadBack ({ name, database, databaseSocket, run }: ServerConfig, place: string, endMs: number): Promise<SnapshotDatabase> {
  const file = `${name}.${database}.db.gz`
  const path = join(place, file)
  const written = await copyDatabase(toolBeside(run.program, 'ovsdb-client'), databaseSocket, database, path, Math.max(1, endMs - monotonicMs()))
  const read = await readBack(toolBeside(run.program), path, database, `${path}.scratch`, Math.max(1, endMs - monotonicMs()))
  if (read.contentSha256 !== written.contentSha256) throw new SnapshotError(path, 'what was read back is not what was written')
  return { server: name, database, file, fileBytes: (await stat(path)).size, ...read }
}

/** Whatever it does, the snapshot stays. */
async function runHook ({ hook: [program, ...args], hookTimeoutMs }: SnapshotsConfig, { directory }: Snapshot): Promise<SnapshotReply['hook']> {
  if (program === undefined) return null
  try {
    const { exitCode, stderr } = await runCommand(program, [...args, directory], { timeoutMs: hookTimeoutMs })
    return { ok: exitCode === 0, detail: `${program} ended with ${exitCode}${exitCode === 0 ? '' : `: ${stderr.trim().slice(0, 500)}`}` }
  } catch (error) {
    return { ok: false, detail: (error as Error).message }
  }
}

async function problemsOf (servers: readonly ServerConfig[], place: string, { databases }: Snapshot, endMs: number): Promise<string[]> {
  const problems: string[] = []
  for (const { server, database, file, contentSha256, rowEntries } of databases) {
    const path = join(place, file)
    const tool = toolBeside(servers.find(one => one.name === server)?.run.program ?? [])
    try {
      const read = await readBack(tool, path, database, `${path}.scratch`, Math.max(1, endMs - monotonicMs()))
      if (read.contentSha256 !== contentSha256) problems.push(`${file} is not what was written: its digest differs`)
      else if (read.rowEntries !== rowEntries) problems.push(`${file} has ${read.rowEntries} rows, and had ${rowEntries}`)
    } catch (error) {
      problems.push(`${file}: ${(error as Error).message}`)
    }
  }
  return problems
}

async function makeRoom (snapshots: SnapshotsConfig, { id, cluster, node }: Snapshot, spare: string | undefined): Promise<string[]> {
  try {
    return [...await retain(snapshots, spare)]
  } catch (cause) {
    throw new SnapshotError(`${id} was taken, and older ones could not be removed`, (cause as Error).message, { cluster, node, cause })
  }
}
