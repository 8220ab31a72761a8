// An operator's word that the other voters are lost for good (S11): this one counts by the given list from now on. It
// cannot know whom the lost ones granted, so it grants nobody else for a full hold, as after a restart.
import { isSameList } from '../../protocol/voter-list.ts'
import type { OrderRefusal } from './actions.ts'
import { isHeld } from './lease.ts'
import { storeVoter } from './rounds.ts'
import { answer, chain, type Stepped } from './stepped.ts'
import { leaseOf, type Asked, type OrderOf, type UnitConfig, type UnitState } from './state.ts'
import { withVoters } from './voter-list.ts'

export function forceVoters (config: UnitConfig, state: UnitState, order: OrderOf<'forceVoters'>, asked: Asked, nowMs: number): Stepped {
  const refuse = (why: string): Stepped => {
    const refusal: OrderRefusal = { kind: 'votersRefused', why }
    return [state, [{ type: 'refuseOrder', orderId: asked.orderId, order, refusal }]]
  }
  const { voterSide } = state
  if (voterSide.type !== 'voting') return refuse(voterSide.problem)
  const { record, grants } = voterSide.voter
  const lease = leaseOf(state.phase)
  if (isSameList(record.voters, order.voters)) return [state, answer(asked, null)]
  if (lease !== null && isHeld(lease, nowMs)) return refuse(`${config.node} holds a lease: a majority of the voters is there`)
  if (order.voters.generation <= record.voters.generation) return refuse(`it knows generation ${record.voters.generation} of the voters already`)
  if (!order.voters.names.includes(config.node)) return refuse(`${config.node} is not on that list`)
  const unknown = { holder: null, term: record.term, untilMs: nowMs + config.longestHoldMs, renewedAtMs: null, sequence: 0 }
  const voter = { record: { ...withVoters(record, order.voters), clear: false }, grants: [...grants, unknown] }
  return chain(storeVoter(state, voter), next => [next, [
    ...answer(asked, null),
    { type: 'happened', kind: 'votersForced', message: `${config.node} counts by voters that an operator forced: ${order.voters.names.join(', ')}`, facts: { generation: order.voters.generation, before: record.voters.names.join(', ') } }
  ]])
}
