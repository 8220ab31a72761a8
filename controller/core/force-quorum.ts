// After the loss of most voters (S11), or of what they had stored: an operator says that it is gone for good, and the named
// nodes go on without it. The only act that no majority agrees to; if the lost ones live, two nodes may serve. So it is refused
// while a majority can vote, and while anybody serves. Nobody is promoted after it without an operator's word: who served last
// is among what was lost (S6).
import { listQuorum, type VoterList } from '../../protocol/voter-list.ts'
import type { ClusterAction, CommandRefusal } from './actions.ts'
import type { ClusterEvent } from './events.ts'
import { allReports, freshReports, highestTerm, servingReport } from './knowledge.ts'
import { takeId, type Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { freshVoters, voterList } from './voters.ts'

type EventOf<Type extends ClusterEvent['type']> = Extract<ClusterEvent, { type: Type }>

/** Far beyond whatever the lost voters may have agreed on among themselves, in terms and in generations. */
const AHEAD = 1_000

export interface Forcing {
  readonly commandId: number
  readonly actor: string
  readonly voters: VoterList
  /** Orders under way: tag -> node. */
  readonly waiting: Readonly<Record<number, string>>
  readonly failed: readonly string[]
}

export function forceAsked (config: CoreConfig, state: ClusterState, event: EventOf<'quorumForceAsked'>, nowMs: number): Stepped {
  const { commandId, names, actor, reason } = event
  const before = voterList(config, state)
  const refusal = refusalOf(config, state, names, before, nowMs)
  if (refusal !== null) return [state, [{ type: 'refuseCommand', commandId, refusal }]]
  const known = highestTrace(state)
  // each change of the voters takes a term, so no list that was lost with its voters has a generation beyond their terms
  const term = known + AHEAD
  const voters: VoterList = { generation: Math.max(known, before.generation) + AHEAD, names: names.toSorted() }
  const actions: ClusterAction[] = [{ type: 'record', kind: 'quorumForceBegan', severity: 'critical', node: null, message: `${actor} forces ${voters.names.join(', ')} to vote, and declares lost for good whatever other voters promised: ${reason}. The voters were ${before.names.join(', ')} (generation ${before.generation})`, facts: { actor, generation: voters.generation } }]
  let next = state
  const waiting: Record<number, string> = {}
  for (const node of voters.names) {
    const [tag, counted] = takeId(next)
    next = counted
    waiting[tag] = node
    actions.push({ type: 'order', tag, node, order: { type: 'forceVoters', term, controller: config.controller, deadlineMs: config.cluster.timing.commandTimeoutMs, voters } })
  }
  return [{ ...next, highestTermTried: term, forcing: { commandId, actor, voters, waiting, failed: [] } }, actions]
}

/** The highest term that left any trace: with a voter, with this controller, or in the data that was written in it. */
function highestTrace (state: ClusterState): number {
  const positions = allReports(state).flatMap(report => report.servers.map(server => server.position?.term ?? 0))
  return Math.max(highestTerm(state).term, state.memory?.term ?? 0, state.highestTermTried, ...positions)
}

function refusalOf (config: CoreConfig, state: ClusterState, names: readonly string[], list: VoterList, nowMs: number): CommandRefusal | null {
  if (!state.leading) return { kind: 'notLeading' }
  const refuse = (why: string): CommandRefusal => ({ kind: 'votersRefused', why })
  if (state.operation !== null) return { kind: 'operationRuns', operation: state.operation.id, what: `${state.operation.kind} to ${state.operation.to}` }
  if (state.change !== null || state.forcing !== null) return { kind: 'operationRuns', operation: 0, what: 'a change of the voters' }
  const answering = freshVoters(config, state, nowMs).map(report => report.node)
  if (answering.length >= listQuorum(list)) return refuse(`a majority of the voters can vote (${answering.join(', ')}): use "ovsdb-ha voters remove" for the others`)
  const active = servingReport(config, state, nowMs)
  if (active !== null) return refuse(`${active.node} serves: somebody still grants its lease`)
  const reporting = freshReports(config, state, nowMs).map(report => report.node)
  const strangers = names.filter(name => !reporting.includes(name))
  if (strangers.length > 0) return refuse(`${strangers.join(', ')} ${strangers.length === 1 ? 'does' : 'do'} not report; those that do are ${reporting.length === 0 ? 'none' : reporting.join(', ')}`)
  return new Set(names).size === names.length ? null : refuse('a name is there twice')
}

export function forceOrderEnded (state: ClusterState, tag: number, error: string | null): Stepped {
  const { forcing } = state
  const node = forcing?.waiting[tag]
  if (forcing === null || node === undefined) return [state, []]
  const { [tag]: _ended, ...waiting } = forcing.waiting
  const next: Forcing = { ...forcing, waiting, failed: error === null ? forcing.failed : [...forcing.failed, `${node}: ${error}`] }
  if (Object.keys(waiting).length > 0) return [{ ...state, forcing: next }, []]
  const { commandId, actor, voters, failed } = next
  const message = `the voters are ${voters.names.join(', ')} (generation ${voters.generation}), by force${failed.length === 0 ? '' : `; not taken by ${failed.join('; ')}`}`
  return [{ ...state, forcing: null }, [
    { type: 'record', kind: 'quorumForced', severity: 'critical', node: null, message, facts: { actor, generation: voters.generation, failed: failed.length } },
    failed.length === 0 ? { type: 'commandDone', commandId } : { type: 'refuseCommand', commandId, refusal: { kind: 'votersFailed', why: message } }
  ]]
}
