// An operator's word that a majority of the voters is lost for good (S11): this node counts by the given list from now on. It
// cannot know what the lost ones promised. So it takes a term far beyond all theirs, grants nobody for a full hold, as after a
// restart (S3), and says that it does not know who served last (S6). A voter whose own file is damaged begins anew like this.
import { isSameList } from '../../protocol/voter-list.ts'
import { UNKNOWN_HOLDER } from '../../protocol/vote.ts'
import type { OrderRefusal } from './actions.ts'
import { isHeld } from './lease.ts'
import { storeVoter } from './rounds.ts'
import { answer, chain, type Stepped } from './stepped.ts'
import { leaseOf, type Asked, type OrderOf, type UnitConfig, type UnitState } from './state.ts'
import { adopt, EMPTY_RECORD, type GrantState, type VoterState } from './voter.ts'

export function forceVoters (config: UnitConfig, state: UnitState, order: OrderOf<'forceVoters'>, asked: Asked, nowMs: number): Stepped {
  const refuse = (why: string): Stepped => {
    const refusal: OrderRefusal = { kind: 'votersRefused', why }
    return [state, [{ type: 'refuseOrder', orderId: asked.orderId, order, refusal }]]
  }
  const { term, controller, voters } = order
  const { voterSide } = state
  const before: VoterState = voterSide.type === 'voting' ? voterSide.voter : { record: EMPTY_RECORD, grants: [] }
  const known = before.record.voters
  const lease = leaseOf(state.phase)
  if (isSameList(known, voters)) return [state, answer(asked, null)]
  if (lease !== null && isHeld(lease, nowMs)) return refuse(`${config.node} holds a lease: a majority of the voters is there`)
  if (voters.generation <= known.generation) return refuse(`it knows generation ${known.generation} of the voters already`)
  if (!voters.names.includes(config.node)) return refuse(`${config.node} is not on that list`)
  const unknown: GrantState = { holder: null, term, untilMs: nowMs + config.longestHoldMs, renewedAtMs: null, sequence: 0 }
  const grants = [...before.grants, unknown]
  const record = { ...adopt(before, term, null, controller, grants), previous: { holder: UNKNOWN_HOLDER, term }, voters, next: null }
  return chain(storeVoter(state, { record, grants }), next => [next, [
    ...answer(asked, null),
    { type: 'happened', kind: 'votersForced', message: `${config.node} counts by voters that an operator forced: ${voters.names.join(', ')}`, facts: { generation: voters.generation, before: known.names.join(', ') } }
  ]])
}
