// That a node is off, for the next leader to show. A mark is for people: an operator's word lets a leader go on without
// waiting, so it must not come from a store that may have missed that the node was heard of again. The next leader says
// that it does not count on it, and asks for it anew.
import { fenceOf } from './fencing.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, NodeFence, OffMark } from './state.ts'

/** After each step of a leader: the store is told when a mark came or went. */
export function keepMarks (before: ClusterState, state: ClusterState): Stepped {
  if (!state.leading || before.fences === state.fences) return [state, []]
  const nodes = new Set([...Object.keys(before.fences), ...Object.keys(state.fences)])
  const same = [...nodes].every(node => fenceOf(before, node).fenced === fenceOf(state, node).fenced)
  return [state, same ? [] : [{ type: 'keep', kept: { marks: marksOf(state) } }]]
}

function marksOf ({ fences }: ClusterState): Readonly<Record<string, OffMark>> {
  return Object.fromEntries(Object.entries(fences).flatMap(([node, { fenced }]) => fenced === null ? [] : [[node, fenced]]))
}

/** What another leader marked, for nodes that do not report here. A word of this one's own stays: it has listened since it was told. */
export function restoreMarks (state: ClusterState, marks: Readonly<Record<string, OffMark>> | undefined): ClusterState {
  if (marks === undefined) return state
  const nodes = Object.keys(state.agents).filter(node => state.fences[node] !== undefined || marks[node] !== undefined)
  return { ...state, fences: Object.fromEntries(nodes.map(node => [node, restored(state, node, marks[node] ?? null)])) }
}

function restored (state: ClusterState, node: string, mark: OffMark | null): NodeFence {
  const fence = fenceOf(state, node)
  const agent = state.agents[node]
  const reports = agent !== undefined && agent.report !== null && agent.lostSinceMs === null
  return fence.word !== null ? fence : { ...fence, fenced: reports ? null : mark }
}

/** A word that was given to another controller: said once, when this one begins to lead. */
export function tellLapsedWords (state: ClusterState): Stepped {
  const lapsed = state.leading ? Object.entries(state.fences).filter(([, fence]) => isLapsed(fence)) : []
  return [state, lapsed.map(([node, { fenced }]) => ({
    type: 'record',
    kind: 'confirmationLapsed',
    severity: 'warning',
    node,
    message: `${fenced?.by ?? 'an operator'} confirmed to another controller that ${node} is off: this one does not count on it. If it still is, say so again with "ovsdb-ha confirm-off ${node} --reason TEXT"`,
    facts: {}
  }))]
}

export function isLapsed ({ fenced, word }: NodeFence): boolean {
  return fenced !== null && fenced.sworn && word === null
}
