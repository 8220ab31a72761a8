// On the active: the transaction that brings rows of a rescue back, or none of them.
import type { ClusterConfig, ServerConfig } from '../../protocol/cluster.ts'
import type { Report } from '../../protocol/report.ts'
import type { ReplayReply, ReplayRequest } from '../../protocol/rescue-replay.ts'
import type { ServerHappening } from '../server.ts'
import { connectOvsdb } from './client.ts'
import { OvsdbError } from './errors.ts'
import { NotTheActiveError } from './rescue-errors.ts'

export interface ReplayOptions {
  readonly cluster: ClusterConfig
  readonly node: string
  readonly report: () => Report
  readonly onHappening: ServerHappening
}

export function createReplay ({ cluster, node, report, onHappening }: ReplayOptions): (request: ReplayRequest) => Promise<ReplayReply> {
  return async request => {
    const { rescue, by, reason, replayedRows, snapshot = false, server: name } = request
    const server = cluster.servers.find(one => one.name === name)
    const problem = server === undefined ? `there is no server ${name}` : whyNotActive(report(), request.term)
    if (server === undefined || problem !== null) throw new NotTheActiveError(problem ?? '', { cluster: cluster.name, node })
    const reply = await replayOn(server, request, cluster.timing.busyAfterMs)
    const facts = { id: rescue, by, reason, rows: replayedRows, server: name }
    if (snapshot && reply.ok) onHappening('snapshotRestored', `${by} restored snapshot ${rescue} on ${name}: ${replayedRows} rows${inBrackets(reason)}`, facts)
    else if (snapshot) onHappening('restoreRefused', `${name} refused ${replayedRows} rows of snapshot ${rescue} that ${by} wanted restored: ${reply.reason ?? ''}`, facts)
    else if (reply.ok) onHappening('rescueApplied', `${by} brought ${replayedRows} rows of rescue ${rescue} back into ${name}${inBrackets(reason)}`, facts)
    else onHappening('rescueRefused', `${name} refused ${replayedRows} rows of rescue ${rescue} that ${by} wanted back: ${reply.reason ?? ''}`, facts)
    return reply
  }
}

/** Rows are written only on a node that serves, in the term that the controller meant. */
export function whyNotActive ({ phase, lease }: Pick<Report, 'phase' | 'lease'>, term: number): string | null {
  if (phase !== 'active' || !lease.held || lease.remainingMs <= 0) return `this node does not serve (${phase})`
  return lease.term === term ? null : `this node serves in term ${lease.term}, and not in term ${term}`
}

async function replayOn (server: ServerConfig, { operations, rescue, snapshot, by }: ReplayRequest, deadlineMs: number): Promise<ReplayReply> {
  const client = await connectOvsdb({ target: { method: 'unix', path: server.databaseSocket }, connectTimeoutMs: deadlineMs, callTimeoutMs: deadlineMs })
  try {
    const comment = { op: 'comment', comment: `ovsdb-ha: ${snapshot === true ? 'snapshot' : 'rescue'} ${rescue}, by ${by}` }
    await client.transact(server.database, [...operations, comment])
    return { ok: true, reason: null, operationIndex: -1 }
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error
    const operationIndex = error.operationIndex !== null && error.operationIndex < operations.length ? error.operationIndex : -1
    return { ok: false, reason: error.message, operationIndex }
  } finally {
    client.destroy()
  }
}

export function inBrackets (reason: string): string {
  return reason === '' ? '' : ` (${reason})`
}
