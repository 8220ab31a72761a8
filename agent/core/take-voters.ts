// The active counts by another list of voters (S11). What the controller had accepted is one half; the other is here: a
// node takes the next list only when a majority of the present one granted its lease. From then on no majority of the
// list before is left that could grant anybody, so of any two lists in use at a time, every two majorities share a voter.
import { isNextList, isSameList, type VoterList } from '../../protocol/voter-list.ts'
import type { OrderRefusal } from './actions.ts'
import type { Lease } from './lease.ts'
import { adoptTerm, storeList } from './rounds.ts'
import { answer, chain, type Stepped } from './stepped.ts'
import { leaseOf, type Asked, type OrderOf, type UnitConfig, type UnitState } from './state.ts'

export function takeVoters (config: UnitConfig, state: UnitState, order: OrderOf<'takeVoters'>, asked: Asked, nowMs: number): Stepped {
  const refuse = (refusal: OrderRefusal): Stepped => [state, [{ type: 'refuseOrder', orderId: asked.orderId, order, refusal }]]
  const { phase, voterSide } = state
  if (voterSide.type !== 'voting') return refuse({ kind: 'cannotVote', problem: voterSide.problem })
  const { record } = voterSide.voter
  if (phase.type !== 'active' || phase.lease.term > order.term) return refuse({ kind: 'notServing' })
  if (order.term === record.term && record.holder !== config.node) return refuse({ kind: 'notHolder', holder: record.holder, term: record.term })
  const why = isSameList(record.voters, order.voters) ? null : wrongList(config, record.voters, order.voters, phase.lease)
  if (why !== null) return refuse({ kind: 'votersRefused', why })
  const inTerm = phase.lease.term === order.term ? state : adoptTerm(state, phase.lease, order.term, nowMs)
  return chain(storeList(inTerm, order.voters), next => [askSoon(next, nowMs), answer(asked, null)])
}

function wrongList (config: UnitConfig, present: VoterList, next: VoterList, lease: Lease): string | null {
  if (lease.generation !== present.generation) return `no majority of the present voters (generation ${present.generation}) has granted its lease yet`
  if (!isNextList(present, next)) return `generation ${next.generation} (${next.names.join(', ')}) is not one voter more or less than generation ${present.generation} (${present.names.join(', ')})`
  return next.names.includes(config.node) ? null : `${config.node} serves, and would have no vote`
}

/** The new voters are asked at once; what is left of the lease stays good meanwhile. */
function askSoon (state: UnitState, nowMs: number): UnitState {
  const { phase } = state
  const lease = leaseOf(phase)
  return lease === null || !('lease' in phase) ? state : { ...state, phase: { ...phase, lease: { ...lease, nextRoundAtMs: nowMs } } }
}
