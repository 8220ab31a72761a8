// Two data nodes alone (S9, ADR 15): of two voters one may go on without the other, in one term, when that one is
// certainly off and this agent knows in which term it served last. All of it is in memory, and ends with this agent.
import type { LeaseRequest } from '../../protocol/vote.ts'
import { isMajority, type VoterList } from '../../protocol/voter-list.ts'
import type { UnitConfig, UnitState } from './state.ts'
import { ownGrant, type VoterRecord } from './voter.ts'

/** A majority; or of two voters the one that is not left out, which is this node's own: whatever the other one says does not count. */
export function isEnough (voters: VoterList, names: readonly string[], without: string | null): boolean {
  const pair = voters.names.length === 2 && without !== null && voters.names.includes(without)
  return pair ? voters.names.some(name => name !== without && names.includes(name)) : isMajority(voters, names)
}

/** A voter granted this node, in that boot of its agent, asked by that list. */
export function metVoter (state: UnitState, voter: string, boot: string | undefined, voters: VoterList): UnitState {
  if (boot === undefined) return state
  const noted = state.boots[voter] === boot ? state : { ...state, boots: { ...state.boots, [voter]: boot } }
  return meet(noted, voter, voters)
}

/**
 * A holder that this node's voter has just granted. A request that came late may be from before this agent started, and
 * tells nothing: one that names this boot is not.
 */
export function metHolder (config: UnitConfig, state: UnitState, { term, holder, voters, boots }: LeaseRequest, nowMs: number): UnitState {
  const own = state.voterSide.type === 'voting' ? ownGrant(state.voterSide.voter) : null
  const granted = own !== null && own.term === term && own.holder === holder && own.renewedAtMs === nowMs
  return granted && boots[config.node] === config.boot ? meet(state, holder, voters) : state
}

/** Both ends have that list on disk: whoever asks by it, and whoever grants. */
function meet (state: UnitState, node: string, { generation }: VoterList): UnitState {
  return (state.met[node] ?? 0) >= generation ? state : { ...state, met: { ...state.met, [node]: generation } }
}

/**
 * Why this node may not count alone; null when it may. The other one was off after this voter had accepted the term, so
 * the term is in the record; and this agent has met it since it started, so nobody served later than it knows.
 */
export function notAlone (config: UnitConfig, state: UnitState, record: VoterRecord, term: number, without: string): string | null {
  const { names } = record.voters
  if (names.length !== 2 || without === config.node || !names.includes(without) || !names.includes(config.node)) return `${without} is not the other one of two voters (${names.join(', ')})`
  if (record.term !== term || record.holder !== config.node || record.released !== null) return `its voter accepted term ${record.term} of ${record.holder ?? 'nobody'} last, not this one`
  return whyNotMet(state, record, without)
}

/**
 * Why what this agent met of that node would not do. Two lists of voters could be in use at one time otherwise (S11): the
 * list before this one, as long as the other voter knows no newer one; or the next one, as soon as both have stored it.
 */
export function whyNotMet ({ met }: UnitState, { voters, next }: VoterRecord, without: string): string | null {
  if (next !== null) return `a change of the voters (to ${next.voters.names.join(', ')}) was begun, and may count already`
  const generation = met[without]
  if (generation === undefined) return `its agent has not met ${without} since it started, and cannot know what that one served`
  return generation === voters.generation ? null : `its agent has not met ${without} since the voters were changed`
}
