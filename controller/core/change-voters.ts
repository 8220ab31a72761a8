// One voter more or less while the active serves on (S11). A term for the active is taken first, without the change: its
// majority tells of a change that was begun before, which is then finished instead. Then the next list is proposed in
// that term, and counts when majorities of it and of the present list have stored it; then the active counts by it.
import type { TermReply } from '../../protocol/vote.ts'
import { isMajority, isSameList, type ProposedList, type VoterList } from '../../protocol/voter-list.ts'
import type { CommandRefusal } from './actions.ts'
import type { ClusterEvent } from './events.ts'
import { freshReport, highestTerm, knownReleases, servingReport } from './knowledge.ts'
import { chain, takeId, type Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { freshVoters, voterList } from './voters.ts'

type EventOf<Type extends ClusterEvent['type']> = Extract<ClusterEvent, { type: Type }>

/** A change under way; it dies with its leader, and leaves at most a proposal that the next change finishes. */
export interface VoterChange {
  readonly id: number
  readonly commandId: number
  readonly actor: string
  /** In words: `add n4`. */
  readonly what: string
  readonly active: string
  readonly term: number
  readonly from: VoterList
  readonly wanted: VoterList
  /** What is proposed: `wanted`, or what was found half done. */
  readonly next: VoterList
  readonly stage: 'asking' | 'proposing' | 'taking' | 'settling'
  readonly replies: Readonly<Record<string, TermReply>>
  readonly tag: number
  readonly sinceMs: number
}

/** An operator asks for one voter more or less. */
export function votersAsked (config: CoreConfig, state: ClusterState, event: EventOf<'votersAsked'>, nowMs: number): Stepped {
  const { commandId, actor, reason, change, node } = event
  const from = voterList(config, state)
  const names = change === 'add' ? [...from.names, node].toSorted() : from.names.filter(name => name !== node)
  const wanted: VoterList = { generation: from.generation + 1, names }
  const refusal = refusalOf(config, state, event, from, wanted, nowMs)
  if (refusal !== null) return [state, [{ type: 'refuseCommand', commandId, refusal }]]
  const active = servingReport(config, state, nowMs)?.node ?? ''
  const [id, next] = takeId(state)
  const term = Math.max(highestTerm(state).term, state.memory?.term ?? 0, state.highestTermTried) + 1
  const what = `${change} ${node}`
  const begun: VoterChange = { id, commandId, actor, what, active, term, from, wanted, next: wanted, stage: 'asking', replies: {}, tag: 0, sinceMs: nowMs }
  return chain([{ ...next, highestTermTried: term, change: begun }, [
    { type: 'record', kind: 'votersChangeBegan', severity: 'warning', node, message: `${actor} changes the voters (${what})${reason === '' ? '' : `: ${reason}`}; generation ${from.generation} is ${from.names.join(', ')}`, facts: { actor, change, term, generation: wanted.generation } }
  ]], after => ask(config, after, begun, false))
}

function refusalOf (config: CoreConfig, state: ClusterState, { change, node }: EventOf<'votersAsked'>, from: VoterList, wanted: VoterList, nowMs: number): CommandRefusal | null {
  if (!state.leading) return { kind: 'notLeading' }
  if (change === 'add' && !config.cluster.members.some(member => member.name === node)) return { kind: 'unknownMember', node }
  if (state.operation !== null) return { kind: 'operationRuns', operation: state.operation.id, what: `${state.operation.kind} to ${state.operation.to}` }
  if (state.change !== null) return { kind: 'operationRuns', operation: state.change.id, what: `${state.change.what} as a voter` }
  const refuse = (why: string): CommandRefusal => ({ kind: 'votersRefused', why })
  if (from.names.includes(node) === (change === 'add')) return refuse(change === 'add' ? `${node} votes already` : `${node} does not vote`)
  const active = servingReport(config, state, nowMs)
  if (active === null || active.phase !== 'active') return { kind: 'noActive', why: state.hold?.message ?? 'no node serves now' }
  if (active.node === node) return refuse(`${node} serves: switch over to another node first`)
  // who serves without the other one of two counts both in the term of the change, before anything is proposed (S9)
  if (active.lease.without === null && active.lease.votersGeneration !== from.generation) return refuse(`generation ${from.generation} of the voters is not settled: no majority of it has granted the lease of ${active.node} yet`)
  const joining = freshReport(config, state, node, nowMs)
  if (change === 'add' && joining === null) return refuse(`${node} does not report`)
  if (change === 'add' && joining?.voter.problem !== null) return refuse(`${node} cannot vote: ${joining?.voter.problem ?? ''}`)
  const apart = change === 'add' && config.configDigest !== undefined ? [...freshVoters(config, state, nowMs), ...(joining === null ? [] : [joining])].filter(report => report.configDigest !== config.configDigest) : []
  // whoever has another file may not know how to ask the new voter, which would then be one more that does not answer
  if (apart.length > 0) return refuse(`${apart.map(report => report.node).join(', ')} has another cluster.yaml than the controller: give all of them the one with ${node} first`)
  const answering = [...freshVoters(config, state, nowMs).map(report => report.node), ...(change === 'add' ? [node] : [])]
  // a list whose majority does not answer would end the lease
  return isMajority(wanted, answering) ? null : refuse(`of the voters to be (${wanted.names.join(', ')}) only ${wanted.names.filter(name => answering.includes(name)).join(', ')} answer`)
}

function ask (config: CoreConfig, state: ClusterState, change: VoterChange, proposing: boolean): Stepped {
  const { id, term, active, from, next } = change
  const voters = proposing ? [...new Set([...from.names, ...next.names])] : from.names
  const request = { term, holder: active, controller: config.controller, reason: 'voters' as const, voters: from, ...(proposing ? { next } : {}), leaveOut: [...knownReleases(state)] }
  return [state, [{ type: 'askTerm', operation: id, voters, request }]]
}

export function votersAnswered (state: ClusterState, event: EventOf<'termAnswered'>): Stepped {
  const { change } = state
  if (change === null || change.id !== event.operation || change.term !== event.term) return [state, []]
  // an answer to the first request that comes late knows nothing of the proposal
  const late = change.stage === 'proposing' && event.reply.ok && !isOurs(change, event.reply.next)
  if (late || (change.stage !== 'asking' && change.stage !== 'proposing')) return [state, []]
  return [{ ...state, change: { ...change, replies: { ...change.replies, [event.voter]: event.reply } } }, []]
}

function isOurs ({ term, next }: VoterChange, stored: ProposedList | undefined): boolean {
  return stored !== undefined && stored.term === term && isSameList(stored.voters, next)
}

/** Brings a change to where nothing more is due. */
export function tendChange (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const { change } = state
  if (change === null) return [state, []]
  const active = freshReport(config, state, change.active, nowMs)
  if (state.operation !== null || active?.lease.held !== true || active.lease.term > change.term) return fail(state, change, `${change.active} does not serve any more, or in another term`)
  const accepting = Object.keys(change.replies).filter(name => change.replies[name]?.ok === true)
  const settled = active.lease.votersGeneration === change.from.generation
  if (change.stage === 'asking' && settled && isMajority(change.from, accepting)) {
    const proposing: VoterChange = { ...change, next: halfDone(change), stage: 'proposing', replies: {}, sinceMs: nowMs }
    return ask(config, { ...state, change: proposing }, proposing, true)
  }
  if (change.stage === 'proposing' && isMajority(change.from, accepting) && isMajority(change.next, accepting)) {
    const [tag, next] = takeId(state)
    const order = { type: 'takeVoters' as const, term: change.term, controller: config.controller, deadlineMs: config.cluster.timing.commandTimeoutMs, voters: change.next }
    return [{ ...next, change: { ...change, stage: 'taking', tag, sinceMs: nowMs } }, [{ type: 'order', tag, node: change.active, order }]]
  }
  if (change.stage === 'settling' && active.lease.votersGeneration >= change.next.generation) return done(state, change)
  if (nowMs - change.sinceMs <= config.cluster.timing.commandTimeoutMs) return [state, []]
  if (change.stage === 'asking' && active.lease.without !== null) return fail(state, change, `${active.node} serves without ${active.lease.without}, and both have not granted its lease in term ${change.term} yet`)
  return fail(state, change, late(change))
}

/** The newest proposal that a majority knows of: it may have been accepted, so nothing else may be in its place. */
function halfDone ({ from, wanted, replies }: VoterChange): VoterList {
  const proposed = Object.values(replies).flatMap(reply => reply.ok && reply.next !== undefined && reply.next.voters.generation === from.generation + 1 ? [reply.next] : [])
  return proposed.toSorted((a, b) => b.term - a.term)[0]?.voters ?? wanted
}

function late ({ stage, replies, active }: VoterChange): string {
  const refusals = Object.entries(replies).flatMap(([name, reply]) => reply.ok ? [] : [`${name}: ${reply.refusal}`])
  if (stage === 'settling') return `${active} has taken the new list, and no majority of it has granted yet`
  return `too few voters accepted it in time${refusals.length === 0 ? '' : ` (${refusals.join(', ')})`}`
}

export function votersOrderEnded (state: ClusterState, tag: number, error: string | null, nowMs: number): Stepped {
  const { change } = state
  if (change === null || change.stage !== 'taking' || change.tag !== tag) return [state, []]
  if (error !== null) return fail(state, change, error)
  return [{ ...state, change: { ...change, stage: 'settling', sinceMs: nowMs } }, []]
}

function done (state: ClusterState, change: VoterChange): Stepped {
  const { from, next, wanted, commandId, actor, what } = change
  const message = `the voters are ${next.names.join(', ')} (generation ${next.generation}); they were ${from.names.join(', ')}`
  const other = next.names.join() !== wanted.names.join()
  return [{ ...state, change: null }, [
    { type: 'record', kind: 'votersChanged', severity: 'info', node: null, message, facts: { actor, change: what, generation: next.generation } },
    other
      ? { type: 'refuseCommand', commandId, refusal: { kind: 'votersFailed', why: `an earlier change had been begun and was finished first: ${message}. Ask for yours again` } }
      : { type: 'commandDone', commandId }
  ]]
}

/** Nothing counts by the new list unless the active took it; what was proposed stays, and is finished by the next change. */
function fail (state: ClusterState, change: VoterChange, why: string): Stepped {
  const { commandId, actor, what, stage } = change
  return [{ ...state, change: null }, [
    { type: 'record', kind: 'votersChangeFailed', severity: 'warning', node: null, message: `the voters were not changed (${what}): ${why}`, facts: { actor, change: what, stage } },
    { type: 'refuseCommand', commandId, refusal: { kind: 'votersFailed', why } }
  ]]
}

export function changeDueMs (config: CoreConfig, { change }: ClusterState): number | null {
  return change === null ? null : change.sinceMs + config.cluster.timing.commandTimeoutMs + 1
}
