import { randomUUID } from 'node:crypto'
import type { ClusterConfig, ServerConfig } from '../../protocol/cluster.ts'
import { OvsdbHaError } from '../../protocol/errors.ts'
import type { Report } from '../../protocol/report.ts'
import type { CompareProgress } from '../../protocol/verify.ts'
import { monotonicMs } from '../clock.ts'
import type { CompareService } from '../compare-service.ts'
import { connectOvsdb } from './client.ts'
import { CompareError } from './compare-errors.ts'
import type { CompareResults, CompareTask, TablesDone } from './compare-thread.ts'
import { MaintenanceRefusedError } from './maintenance-errors.ts'
import { writeMarker } from './marker.ts'
import { whyNotActive } from './rescue-replay.ts'
import { serverToRead } from './server-to-read.ts'
import { runInThread } from './thread-work.ts'
import { refuseUnlessWhole } from './whole-node.ts'

export interface CompareDeskOptions {
  readonly cluster: ClusterConfig
  readonly node: string
  /** The unit's state now. */
  readonly report: () => Report
}

type OfTask<Task> = Task extends CompareTask ? Omit<Task, 'own' | 'active' | 'deadlineMs'> : never

/** Compares this node's databases with the active's, in a thread of their own; it changes no role, and writes nothing but the marker. */
export function createCompareDesk ({ cluster, node, report }: CompareDeskOptions): CompareService {
  const detail = { cluster: cluster.name, node }
  let running: CompareProgress['running'] = null

  function serverOf (name: string): ServerConfig {
    const server = cluster.servers.find(one => one.name === name)
    if (server === undefined) throw new MaintenanceRefusedError(`${node} has no server ${name}`, detail)
    return server
  }

  /** What a resync is writing, or what follows somebody else, is not compared. */
  function refuseUnlessFollows (active: string): void {
    const now = report()
    refuseUnlessWhole(now, 'backup')
    // a server that is busy, as it is while it is read, does not say whom it follows; the marker comes from the active or not at all
    const unsaid = now.following === null && now.servers.some(server => server.health === 'busy')
    if (now.following !== active && !unsaid) throw new MaintenanceRefusedError(`${node} follows ${now.following ?? 'nobody'}, and not ${active}`, detail)
  }

  /** Two tables in memory are enough: one at a time. */
  async function inTurn<Task extends OfTask<CompareTask>> ({ server: name, active, deadlineMs }: { readonly server: string, readonly active: string, readonly deadlineMs: number }, task: Task): Promise<CompareResults[Task['kind']]> {
    const server = serverOf(name)
    if (running !== null) throw new MaintenanceRefusedError(`${node} compares ${running.server} already`, detail)
    refuseUnlessFollows(active)
    running = { server: name, tableEntries: 0, doneEntries: 0 }
    try {
      const sides = { own: serverToRead(cluster, node, server, node), active: serverToRead(cluster, node, server, active), deadlineMs }
      const result = await runInThread<CompareResults[Task['kind']]>(new URL('compare-thread.ts', import.meta.url), { ...task, ...sides }, new AbortController().signal, note => { running = { server: name, ...note as TablesDone } })
      refuseUnlessFollows(active)
      return result
    } catch (cause) {
      throw cause instanceof OvsdbHaError ? cause : new CompareError(name, active, { ...detail, cause: cause as Error })
    } finally {
      running = null
    }
  }

  return {
    progress: () => ({ running }),
    compare: request => inTurn(request, { kind: 'compare', digests: request.digests }),
    recheck: request => inTurn(request, { kind: 'recheck', marker: request.marker, markerColumn: serverOf(request.server).marker, suspects: request.suspects }),
    async mark ({ server: name, term, deadlineMs }) {
      const { database, databaseSocket, marker: markerColumn } = serverOf(name)
      const problem = whyNotActive(report(), term)
      if (problem !== null) throw new MaintenanceRefusedError(`no marker is written: ${problem}`, detail)
      const marker = `verify/${node}/${term}/${randomUUID()}`
      const endMs = monotonicMs() + deadlineMs
      const client = await connectOvsdb({ target: { method: 'unix', path: databaseSocket }, connectTimeoutMs: deadlineMs, callTimeoutMs: deadlineMs })
      try {
        await writeMarker({ transact: (to, operations) => client.transact(to, operations, Math.max(1, endMs - monotonicMs())) }, await client.getSchema(database), marker, markerColumn)
        return { marker }
      } finally {
        client.destroy()
      }
    }
  }
}
