// Two data nodes alone (S9): of two voters one is no majority, unless the other one is certainly off. Who may go on
// without the other, and why not; the rule itself is kept by the agent that is told to (agent/core/orders.ts).
import type { Report } from '../../protocol/report.ts'
import { freshReport, isFresh } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { freshVoters, voterList } from './voters.ts'

/** One of two voters answers. */
export type LoneSurvivor =
  /** `lost` can be powered off, and `node` knows what that one served: together that will do. */
  | { readonly type: 'mayGoOn', readonly node: string, readonly lost: string }
  | { readonly type: 'mayNot', readonly why: string, readonly lookAgainMs: number | null }

/** Null where the cluster has more than two voters, or not exactly one of two answers. */
export function loneSurvivor (config: CoreConfig, state: ClusterState, nowMs: number): LoneSurvivor | null {
  const { names } = voterList(config, state)
  const answering = freshVoters(config, state, nowMs)
  const [survivor] = answering
  if (names.length !== 2 || survivor === undefined || answering.length > 1) return null
  const lost = names.find(name => name !== survivor.node)
  if (lost === undefined || isFresh(config, state.agents[lost], nowMs)) return null
  const why = whyNotWithout(config, survivor, lost)
  if (why !== null) return { type: 'mayNot', why, lookAgainMs: null }
  const sinceMs = state.agents[lost]?.receivedAtMs ?? state.startedAtMs
  const lostAtMs = Math.max(sinceMs + config.cluster.timing.suspectAfterMs, state.observeUntilMs)
  return nowMs < lostAtMs
    ? { type: 'mayNot', why: `${lost} has been silent for ${Math.round(nowMs - sinceMs)} ms`, lookAgainMs: lostAtMs }
    : { type: 'mayGoOn', node: survivor.node, lost }
}

/** Why the other one's power would not let it count alone; null when it would. */
export function whyNotWithout (config: CoreConfig, survivor: Report, lost: string): string | null {
  if (config.fencing?.[lost] === undefined) return `${lost} has no fence device`
  return survivor.voter.met.includes(lost) ? null : `the agent of ${survivor.node} has not met ${lost} since it started, or since the voters were changed, and cannot know what that one served`
}

/** Whom a change of the active to that node leaves out, once it is certainly off; null: nobody. */
export function leftOutFor (config: CoreConfig, state: ClusterState, to: string, nowMs: number): string | null {
  const survivor = loneSurvivor(config, state, nowMs)
  return survivor?.type === 'mayGoOn' && survivor.node === to ? survivor.lost : null
}

/** The node to promote is still there and the one to leave out is not: what its power would be cut for. */
export function isStillAlone (config: CoreConfig, state: ClusterState, to: string, lost: string, nowMs: number): boolean {
  return freshReport(config, state, to, nowMs) !== null && freshReport(config, state, lost, nowMs) === null
}
