// What operators do with the rescues of one cluster on this node, and, where it is the active, with those of other nodes.
import type { ClusterConfig, ServerConfig } from '../../protocol/cluster.ts'
import type { RescueView } from '../../protocol/rescue.ts'
import type { Report } from '../../protocol/report.ts'
import type { RescueService } from '../rescue-service.ts'
import type { ServerHappening } from '../server.ts'
import { wallClock } from '../clock.ts'
import { compareCopies } from './compare-copies.ts'
import { freeBytesAt } from './free-disk.ts'
import { RescueBusyError, RescueUnreadableError, UnacknowledgedError } from './rescue-errors.ts'
import { UNFINISHED, type FoundRescue } from './rescue-files.ts'
import type { RescueResults, RescueTask } from './rescue-thread.ts'
import { createReplay, inBrackets } from './rescue-replay.ts'
import { inThread } from './rescue-work.ts'
import type { Rescues } from './rescue.ts'
import { toolBeside } from './server-command.ts'
import { serverToRead } from './server-to-read.ts'

export interface RescueDeskOptions {
  readonly cluster: ClusterConfig
  readonly node: string
  readonly rescues: Rescues
  readonly report: () => Report
  readonly onHappening: ServerHappening
}

type OfTask<Task> = Task extends RescueTask ? Omit<Task, 'rescue' | 'active' | 'deadlineMs'> : never

export function createRescueDesk ({ cluster, node, rescues, report, onHappening }: RescueDeskOptions): RescueService {
  const whole = createOneAtATime(cluster.name, node)
  const compared = createComparison({ cluster, node, rescues }, whole)

  return {
    async list () {
      return { rescues: (await rescues.list()).map(viewOf), freeBytes: await freeBytesAt(cluster.rescue.directory).catch(() => null) }
    },
    show: async id => viewOf(await rescues.find(id)),
    async acknowledge (id, { by, reason }) {
      const changed = await rescues.change(id, note => ({ ...note, acknowledged: { at: wallClock().toISOString(), by, reason } }))
      onHappening('rescueAcknowledged', `${by} acknowledged rescue ${id}${inBrackets(reason)}`, { id, by, reason })
      return viewOf(changed)
    },
    async remove (id, { by, reason, force }) {
      const found = (await rescues.list()).find(one => one.id === id)
      if (found !== undefined && !force && !found.guard && found.acknowledgedMs === null) throw new UnacknowledgedError(id, { cluster: cluster.name, node })
      await rescues.remove(id)
      onHappening('rescueRemovedByHand', `${by} removed rescue ${id}${inBrackets(reason)}`, { id, by, reason, force })
      return viewOf(found as FoundRescue)
    },
    async diff (id, { active, ...query }) {
      const { server, result: { tables, rows, leftOutRows } } = await compared(id, active, { kind: 'diff', query })
      return { id, database: server.database, active, tables: [...tables], rows: [...rows], leftOutRows }
    },
    async plan (id, { active, choice }) {
      const { server, result } = await compared(id, active, { kind: 'plan', choice })
      const { rows, conflicts, skipped, notes, operations, rowOfOperation } = result
      return { id, server: server.name, database: server.database, active, rows: [...rows], conflicts: [...conflicts], skipped: [...skipped], notes: [...notes], operations: [...operations], rowOfOperation: [...rowOfOperation] }
    },
    async applied (id, { by, reason, appliedRows }) {
      const at = wallClock().toISOString()
      return viewOf(await rescues.change(id, note => ({ ...note, applied: [...note.applied, { at, by, reason, appliedRows }] })))
    },
    compareCopies: async source => await whole(async () => await compareCopies({ cluster, node }, source)),
    replay: createReplay({ cluster, node, report, onHappening })
  }
}

type OneAtATime = ReturnType<typeof createOneAtATime>

function createComparison ({ cluster, node, rescues }: Pick<RescueDeskOptions, 'cluster' | 'node' | 'rescues'>, whole: OneAtATime) {
  const { timing } = cluster

  /** Reads the rescue and the active, wherever that is, in a thread of its own. */
  return async function compared<Task extends OfTask<RescueTask>> (id: string, active: string, task: Task): Promise<{ readonly server: ServerConfig, readonly result: RescueResults[Task['kind']] }> {
    const { path, note } = await rescues.find(id)
    const server = cluster.servers.find(one => one.name === note.server)
    if (server === undefined) throw new RescueUnreadableError(id, `this cluster has no server ${note.server} any more`, { cluster: cluster.name, node })
    const result = await whole(async () => await inThread({
      ...task,
      rescue: { path, tool: toolBeside(server.run.program), unpackTo: `${path}.unpacked${UNFINISHED}` },
      active: serverToRead(cluster, node, server, active),
      deadlineMs: timing.resyncDeadlineMs
    } as RescueTask, new AbortController().signal).catch((cause: Error) => {
      throw new RescueUnreadableError(id, cause.message, { cluster: cluster.name, node, cause })
    }))
    return { server, result: result as RescueResults[Task['kind']] }
  }
}

/** Two whole databases in memory are enough. */
function createOneAtATime (cluster: string, node: string) {
  let busy = false
  return async function <T> (work: () => Promise<T>): Promise<T> {
    if (busy) throw new RescueBusyError({ cluster, node })
    busy = true
    try {
      return await work()
    } finally {
      busy = false
    }
  }
}

function viewOf ({ id, path, bytes, note, problem }: FoundRescue): RescueView {
  return { id, file: path, bytes, note, problem }
}
