// Backups that were found not to have what the active has, although they replicate. Nothing is decided by it: it is shown,
// as a diagnosis, until they were found to be the same, or were copied anew, or serve themselves.
import type { Report } from '../../protocol/report.ts'
import { clipped, type Diagnosis } from './diagnosis.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, DifferingBackup } from './state.ts'

/** `message`: what differs, in words; null: it is the same. Who was not compared is not among them. */
export interface ComparedNode {
  readonly node: string
  readonly message: string | null
}

export function compared (state: ClusterState, found: readonly ComparedNode[], nowMs: number): Stepped {
  const differing = { ...state.differing }
  for (const { node, message } of found) {
    if (message === null) delete differing[node]
    else differing[node] = { message: clipped(message), atMs: nowMs }
  }
  return keeping(state, differing)
}

/** Each new session with a source begins with a copy of everything, so what was found before says nothing any more. A server that is busy or down says nothing of its session. */
export function copiedAnew (state: ClusterState, { node, phase, servers }: Report): Stepped {
  if (state.differing[node] === undefined) return [state, []]
  const still = phase === 'backup' && servers.every(server => server.complete && (server.health !== 'up' || server.replication === 'replicating'))
  if (still) return [state, []]
  const { [node]: _gone, ...others } = state.differing
  return keeping(state, others)
}

function keeping (state: ClusterState, differing: ClusterState['differing']): Stepped {
  const same = JSON.stringify(differing) === JSON.stringify(state.differing)
  return same ? [state, []] : [{ ...state, differing }, state.leading ? [{ type: 'keep', kept: { differing } }] : []]
}

export function diagnoseDiffering (controller: string, { differing }: ClusterState): ReadonlyArray<Omit<Diagnosis, 'runbook'>> {
  return Object.entries(differing).map(([node, { message, atMs }]: readonly [string, DifferingBackup]) => ({
    name: 'differingBackup',
    node,
    message: `${node} replicates, and does not have what the active has`,
    evidence: [{ by: controller, saw: message, atMs }]
  }))
}
