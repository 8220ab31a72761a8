// Making certain that a lost node is off (S3, S4, S9). The idea: a confirmation counts only when it was obtained after
// the voters had accepted the new term. From then on no earlier term can be granted again, so whatever right to serve
// the node still had was in its memory, and that is gone; that it is powered on a second later changes nothing.
import type { Report } from '../../protocol/report.ts'
import { LEAVE_OUT_MAX, type LeaveOut } from '../../protocol/vote.ts'
import { isMajority } from '../../protocol/voter-list.ts'
import type { ClusterEvent } from './events.ts'
import { freshReport, highestTerm, releaseOf, servedClaims, servingReport, votersWithoutRenewal } from './knowledge.ts'
import type { CommandRefusal } from './actions.ts'
import { isStillAlone } from './lone-survivor.ts'
import { chain, takeId, type Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig, NodeFence, Operation, Stage } from './state.ts'

type EventOf<Type extends ClusterEvent['type']> = Extract<ClusterEvent, { type: Type }>
export type TakingTerm = Extract<Stage, { type: 'takingTerm' }>

const UNKNOWN: NodeFence = { fenced: null, ordered: false, word: null, problem: null }

export function fenceOf (state: ClusterState, node: string): NodeFence {
  return state.fences[node] ?? UNKNOWN
}

function setFence (state: ClusterState, node: string, change: Partial<NodeFence>): ClusterState {
  return { ...state, fences: { ...state.fences, [node]: { ...fenceOf(state, node), ...change } } }
}

/** Nothing but its agent stops that node: when the agent freezes it serves on, whatever its lease says (S4). */
export function isUnguarded (report: Report | null): boolean {
  return report !== null && report.guard.kind === 'none' && !report.guard.vipLifetime
}

/** The node that must be certain not to serve before this one is promoted and that is not heard of; null when there is none. */
export function lostHolder (config: CoreConfig, state: ClusterState, to: string, nowMs: number): string | null {
  // whoever served in an earlier term than the one remembered was certain before that one was promoted
  const since = state.memory?.term ?? 0
  const lost = servedClaims(state).filter(({ holder, term }) => term >= since && holder !== to && releaseOf(state, holder, term) === null && freshReport(config, state, holder, nowMs) === null)
  return lost.toSorted((a, b) => b.term - a.term)[0]?.holder ?? null
}

/** The last holder has no guard, and nothing is there that could tell that it is off: only an operator can (S4). */
export function unprovable (config: CoreConfig, state: ClusterState, to: string, nowMs: number): string | null {
  const holder = lostHolder(config, state, to, nowMs)
  if (holder === null || !isUnguarded(state.agents[holder]?.report ?? null)) return null
  return config.fencing?.[holder] === undefined && fenceOf(state, holder).word === null ? holder : null
}

/** When a promotion is certain to find nobody serving, and what makes it so. */
export interface Certainty {
  /** Null: not by the passing of time alone. */
  readonly untilMs: number | null
  /** Grants of the fenced node, which ended with its power. */
  readonly leaveOut: readonly LeaveOut[]
  /** The other one of two voters, whose power was cut after the candidate had accepted the term: it is not counted (S9). */
  readonly without: string | null
}

/** `waitUntil` tells when the grants of the best majority, or of the only voter that counts, have run out, but for those to leave out. */
export function certainty (config: CoreConfig, state: ClusterState, operation: Operation, stage: TakingTerm, nowMs: number, waitUntil: (leaveOut: readonly LeaveOut[], only: string | null) => number | null): Certainty {
  const holder = lostHolder(config, state, operation.to, nowMs)
  const confirmed = confirmedOff(state, operation)
  const leaveOut = confirmed === null ? operation.leaveOut : merge(operation.leaveOut, grantsOf(state, confirmed, operation, stage))
  const unproven = holder !== null && holder !== confirmed?.node && isUnguarded(state.agents[holder]?.report ?? null)
  const without = operation.fence?.status === 'off' && operation.fence.node === operation.without ? operation.without : null
  return { untilMs: unproven ? null : waitUntil(leaveOut, without === null ? null : operation.to), leaveOut, without }
}

interface Confirmed { readonly node: string, readonly upToTerm: number }

/** The device said so after the term was accepted, or an operator did and nobody has heard of the node since. */
function confirmedOff (state: ClusterState, operation: Operation): Confirmed | null {
  const { fence } = operation
  if (fence?.status === 'off') return { node: fence.node, upToTerm: operation.term - 1 }
  const sworn = Object.entries(state.fences).find(([node, { word }]) => word !== null && node !== operation.to)
  return sworn === undefined || sworn[1].word === null ? null : { node: sworn[0], upToTerm: sworn[1].word.term }
}

function grantsOf (state: ClusterState, { node, upToTerm }: Confirmed, operation: Operation, stage: TakingTerm): readonly LeaveOut[] {
  const told = Object.values(stage.replies).flatMap(({ reply }) => reply.ok ? reply.grants : []).map(grant => ({ holder: grant.holder, term: grant.term }))
  return [...told, ...servedClaims(state)].filter(one => one.holder === node && one.term <= upToTerm && one.term < operation.term)
    .map(one => ({ holder: node, term: one.term, why: 'fenced' as const }))
}

function merge (known: readonly LeaveOut[], fenced: readonly LeaveOut[]): readonly LeaveOut[] {
  const all = new Map([...fenced, ...known].map(one => [`${one.holder} ${one.term}`, one]))
  return [...all.values()].slice(0, LEAVE_OUT_MAX)
}

/**
 * Begins to fence the lost holder when the voters have accepted the new term: at the same time as the wait for its
 * grants to run out, whichever is certain first. A wait that is over first begins nothing.
 */
export function tendFence (config: CoreConfig, state: ClusterState, operation: Operation, stage: TakingTerm, nowMs: number): Stepped {
  if (operation.fence === null) {
    const node = dueToFence(config, state, operation, stage, nowMs)
    const plan = node === null ? undefined : config.fencing?.[node]
    if (node === null || plan === undefined) return [state, []]
    const [tag, next] = takeId(state)
    const fence = { node, tag, status: 'waiting' as const, beginAtMs: nowMs + plan.delayMs, detail: '' }
    return chain([{ ...next, operation: { ...operation, fence } }, []], after => after.operation === null ? [after, []] : tendFence(config, after, after.operation, stage, nowMs))
  }
  const { fence } = operation
  if (fence.status !== 'waiting' || nowMs < fence.beginAtMs) return [state, []]
  if (fence.node === operation.without && !isStillAlone(config, state, operation.to, fence.node, nowMs)) {
    // of two controllers that would fence one node each, the other one was first; or the node is heard of again
    return [{ ...state, operation: { ...operation, fence: { ...fence, status: 'failed', detail: `the power was left alone, since ${operation.to} is not the only one of the two that is heard of` } } }, []]
  }
  return [{ ...state, operation: { ...operation, fence: { ...fence, status: 'running' } } }, [
    { type: 'record', kind: 'fencing', severity: 'warning', node: fence.node, message: `${fence.node} is lost and is being powered off by its fence device`, facts: { operation: operation.id, term: operation.term } },
    { type: 'fence', tag: fence.tag, node: fence.node, action: 'off', by: config.controller, commandId: null }
  ]]
}

/** Whose power is to be cut now that the term is accepted: by a majority, or by the one of two voters that may go on without the other (S9). */
function dueToFence (config: CoreConfig, state: ClusterState, operation: Operation, stage: TakingTerm, nowMs: number): string | null {
  const { without, to } = operation
  if (isAccepted(stage)) return confirmedOff(state, operation) === null ? lostHolder(config, state, to, nowMs) : null
  const reply = stage.replies[to]?.reply
  // a change of the voters that was begun may count already: the candidate would refuse to count alone (S11)
  return without !== null && reply?.ok === true && reply.next === undefined ? without : null
}

function isAccepted ({ voters, replies }: TakingTerm): boolean {
  return isMajority(voters, Object.keys(replies).filter(name => replies[name]?.reply.ok === true))
}

/** Whether something that is still under way may make the promotion certain. */
export function fenceMayHelp (operation: Operation): boolean {
  return operation.fence !== null && (operation.fence.status === 'waiting' || operation.fence.status === 'running')
}

/** The power of a node was changed, or could not be. */
export function fenceEnded (config: CoreConfig, state: ClusterState, event: EventOf<'fenceEnded'>, nowMs: number): Stepped {
  const { node, action, ok, detail, by } = event
  const { operation } = state
  const ours = operation?.fence?.tag === event.tag ? operation.fence : null
  const noted = ours === null || operation === null
    ? state
    : { ...state, operation: { ...operation, fence: { ...ours, status: ok ? 'off' as const : 'failed' as const, detail }, steps: [...operation.steps, { name: `fence ${node}`, node: null, startMs: ours.beginAtMs - operation.startedAtMs, endMs: nowMs - operation.startedAtMs, error: ok ? null : detail }] } }
  if (!ok) return [noted, [{ type: 'record', kind: action === 'off' ? 'fenceFailed' : 'unfenceFailed', severity: 'critical', node, message: `${node} could not be powered ${action}: ${detail}`, facts: { by } }]]
  if (action === 'on') return [setFence(noted, node, { fenced: null, ordered: false }), [{ type: 'record', kind: 'nodeUnfenced', severity: 'info', node, message: `${node} was powered on: ${detail}`, facts: { by } }]]
  // an operator who powers it off wants it off, also when it is lost and fenced once more
  const ordered = event.commandId !== null || fenceOf(state, node).ordered
  const marked = setFence(noted, node, { fenced: { atMs: nowMs, by, why: detail, sworn: false }, ordered })
  const said: Stepped = [marked, [{ type: 'record', kind: 'nodeFenced', severity: 'warning', node, message: `${node} is off: ${detail}`, facts: { by } }]]
  if (ordered || config.fencing?.[node]?.afterwards !== 'on') return said
  return chain(said, next => {
    const [tag, counted] = takeId(next)
    return [counted, [{ type: 'fence', tag, node, action: 'on', by, commandId: null }]]
  })
}

/** A node that is heard of is not off, whoever said so. */
export function heardOf (state: ClusterState, report: Report, nowMs: number): Stepped {
  const known = Object.entries(state.fences)
  if (known.length === 0) return [state, []]
  const heard = known.filter(([node, { fenced, word }]) => {
    const sinceMs = Math.max(fenced?.atMs ?? 0, word?.atMs ?? 0)
    if (fenced === null && word === null) return false
    return report.node === node || report.voter.grants.some(grant => grant.holder === node && nowMs - grant.renewedAgoMs > sinceMs)
  })
  const fences = { ...state.fences, ...Object.fromEntries(heard.map(([node, fence]) => [node, { ...fence, fenced: null, ordered: false, word: null }])) }
  return [heard.length === 0 ? state : { ...state, fences }, heard.map(([node]) => ({ type: 'record', kind: 'nodeUnfenced', severity: 'info', node, message: `${node} is heard of again: it counts as off no more`, facts: {} }))]
}

export function deviceSeen (state: ClusterState, { node, problem }: EventOf<'fenceDeviceSeen'>): Stepped {
  const before = fenceOf(state, node).problem
  const next = setFence(state, node, { problem })
  if ((before === null) === (problem === null)) return [next, []]
  return [next, [problem === null
    ? { type: 'record', kind: 'fenceDeviceAnswers', severity: 'info', node, message: `the fence device of ${node} answers again`, facts: {} }
    : { type: 'record', kind: 'fenceDeviceFailed', severity: 'warning', node, message: `the fence device of ${node} does not answer: ${problem}`, facts: {} }]]
}

/** An operator powers a node off or on; one that serves only when told to in so many words. */
export function fenceAsked (config: CoreConfig, state: ClusterState, event: EventOf<'fenceAsked' | 'unfenceAsked'>, nowMs: number): Stepped {
  const { commandId, node, actor } = event
  const action = event.type === 'fenceAsked' ? 'off' as const : 'on' as const
  const refusal = commonRefusal(config, state, node) ??
    (config.fencing?.[node] === undefined ? { kind: 'noFenceDevice' as const, node } : null) ??
    (event.type === 'fenceAsked' && !event.force && servingReport(config, state, nowMs)?.node === node ? { kind: 'fencedServes' as const, node } : null)
  if (refusal !== null) return [state, [{ type: 'refuseCommand', commandId, refusal }]]
  const [tag, next] = takeId(state)
  return [next, [
    { type: 'record', kind: event.type, severity: 'warning', node, message: `${actor} powers ${node} ${action}${event.reason === '' ? '' : `: ${event.reason}`}`, facts: { actor } },
    { type: 'fence', tag, node, action, by: actor, commandId }
  ]]
}

/**
 * "I confirm that this node is off": counts for what it may hold now, not for a later term, and only until the node is
 * heard of. Refused while anybody hears of it: then it is not off.
 */
export function confirmOff (config: CoreConfig, state: ClusterState, event: EventOf<'confirmOffAsked'>, nowMs: number): Stepped {
  const { commandId, node, actor, reason } = event
  const refusal = commonRefusal(config, state, node) ?? notOff(config, state, node, nowMs)
  if (refusal !== null) return [state, [{ type: 'refuseCommand', commandId, refusal }]]
  const { term } = highestTerm(state)
  return [setFence(state, node, { word: { term, atMs: nowMs, by: actor }, fenced: { atMs: nowMs, by: actor, why: `${actor} said so: ${reason}`, sworn: true } }), [
    { type: 'record', kind: 'confirmedOff', severity: 'critical', node, message: `${actor} confirmed that ${node} is off: ${reason}`, facts: { actor, term } },
    { type: 'commandDone', commandId }
  ]]
}

function notOff (config: CoreConfig, state: ClusterState, node: string, nowMs: number): CommandRefusal | null {
  if (freshReport(config, state, node, nowMs) !== null) return { kind: 'notOff', node, why: 'its agent reports' }
  const { seeing } = votersWithoutRenewal(config, state, node, nowMs)
  return seeing.length === 0 ? null : { kind: 'notOff', node, why: `${seeing.join(' and ')} saw it renew its lease just now` }
}

function commonRefusal (config: CoreConfig, state: ClusterState, node: string): CommandRefusal | null {
  if (!state.leading) return { kind: 'notLeading' }
  return config.cluster.members.some(member => member.name === node) ? null : { kind: 'unknownNode', node }
}
