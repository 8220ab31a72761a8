// Whom operators want to serve next, node by node. It orders those who may be promoted anyway and stands behind everything
// that is known of their data (S6): a wish never costs a write, and but for `never` it never costs the service either.
import type { RefusedNode } from '../../protocol/api.ts'
import type { Preference } from '../../protocol/preference.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState } from './state.ts'

export interface NodePreference {
  readonly preference: Exclude<Preference, 'neutral'>
  readonly by: string
  /** Wall clock, for people. */
  readonly at: string
  readonly reason: string
  /** Wall clock, as it was set; null: until somebody ends it. */
  readonly until: string | null
  /** The same on this controller's clock: what counts. */
  readonly untilMs: number | null
}

export type Preferences = Readonly<Record<string, NodePreference>>

/** Null: the node is like any other. */
export function preferenceOf ({ preferences }: ClusterState, node: string, nowMs: number): NodePreference | null {
  const found = preferences[node]
  return found === undefined || isOver(found, nowMs) ? null : found
}

/** Higher comes first. */
export function rankOf (state: ClusterState, node: string, nowMs: number): number {
  switch (preferenceOf(state, node, nowMs)?.preference) {
    case 'prefer': return 1
    case undefined: return 0
    case 'avoid': return -1
    case 'never': return -2 // only where somebody forces
  }
}

export function refusedByOperator (state: ClusterState, node: string, nowMs: number): RefusedNode | null {
  const found = preferenceOf(state, node, nowMs)
  return found?.preference === 'never' ? { node, code: 'never', message: `${node} is never to be promoted${saidBy(found)}` } : null
}

/** What was wanted of others with the same right to be chosen: said with the choice. */
export function wishedOf (state: ClusterState, chosen: string, eligible: readonly string[], nowMs: number): string {
  const words: Readonly<Record<NodePreference['preference'], string>> = { prefer: 'is preferred', avoid: 'is to be avoided', never: 'is never to be promoted, which this order overrides' }
  const said = [chosen, ...eligible.filter(node => node !== chosen)].flatMap(node => {
    const found = preferenceOf(state, node, nowMs)
    return found === null ? [] : [`; ${node} ${words[found.preference]}${saidBy(found)}`]
  })
  return said.join('')
}

function saidBy ({ by, reason }: NodePreference): string {
  return ` (${by}${reason === '' ? '' : `: ${reason}`})`
}

/** The leader tells when one ends by itself; the store may keep it for longer, where it means nothing any more. */
export function tellEnded (state: ClusterState, nowMs: number): Stepped {
  const over = Object.entries(state.preferences).filter(([, one]) => isOver(one, nowMs))
  if (over.length === 0) return [state, []]
  return [{ ...state, preferences: current(state.preferences, nowMs) }, over.map(([node, { preference, by, at }]) => ({
    type: 'record', kind: 'preferenceEnded', severity: 'info', node, message: `${node} is like any other node again: "${preference}" of ${by} has ended`, facts: { preference, by, since: at }
  }))]
}

/** Without those that are over. */
export function current (preferences: Preferences, nowMs: number): Preferences {
  return Object.fromEntries(Object.entries(preferences).filter(([, one]) => !isOver(one, nowMs)))
}

export function preferenceDueMs ({ preferences }: ClusterState): number | null {
  let dueMs: number | null = null
  for (const node in preferences) {
    const untilMs = preferences[node]?.untilMs ?? null
    if (untilMs !== null) dueMs = Math.min(dueMs ?? untilMs, untilMs)
  }
  return dueMs
}

function isOver ({ untilMs }: NodePreference, nowMs: number): boolean {
  return untilMs !== null && nowMs >= untilMs
}
