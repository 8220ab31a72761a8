// Asking for the lease and counting the answers, for whichever phase holds one (S2).
import type { LeaseReply, LeaseRequest } from '../../protocol/vote.ts'
import { firstList, type VoterList } from '../../protocol/voter-list.ts'
import type { UnitAction } from './actions.ts'
import { countGrant, countLostVoter, holdMsOf, isHeld, postponeRound, startRound, type Lease, type LeaseConfig } from './lease.ts'
import { metVoter } from './pair.ts'
import { chain, takeId, type Stepped } from './stepped.ts'
import { leaseOf, type UnitConfig, type UnitState } from './state.ts'
import { grantLease, type VoterState } from './voter.ts'
import { withVoters } from './voter-list.ts'
import { voterConfig } from './voter-config.ts'

export function leaseConfig (config: UnitConfig): LeaseConfig {
  return { leaseMs: config.timing.leaseMs, renewEveryMs: config.timing.renewEveryMs }
}

/** By which this node counts: what its own voter has stored (S11). */
export function votersOf (config: UnitConfig, { voterSide }: UnitState): VoterList {
  return voterSide.type === 'voting' ? voterSide.voter.record.voters : firstList(config.voters)
}

/** Sends a round to the fellow voters and asks this node's own voter in the same breath. */
export function sendRound (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const lease = leaseOf(state.phase)
  if (lease === null || state.voterSide.type !== 'voting') return [state, []]
  const [roundId, counted] = takeId(state)
  const request: LeaseRequest = {
    term: lease.term,
    holder: config.node,
    voters: votersOf(config, state),
    holdMs: holdMsOf(config.timing.leaseMs, config.slackMs),
    sequence: writtenSequence(state),
    leaveOut: [...lease.leaveOut],
    boots: {}
  }
  const own = grantLease(voterConfig(config), state.voterSide.voter, request, nowMs)
  // what the own voter refuses says nothing of how far this node came
  const asked: LeaseRequest = own.reply.ok ? { ...request, boots: { ...state.boots } } : request
  const asking = withLease({ ...counted, voterSide: { type: 'voting', voter: own.voter } }, startRound(leaseConfig(config), lease, roundId, request.voters, nowMs))
  const persist: UnitAction[] = own.persist ? [{ type: 'persist', durable: { voter: own.voter.record, ownRelease: state.ownRelease } }] : []
  return chain([asking, [...persist, { type: 'askVoters', roundId, request: asked }]],
    next => countReply(config, next, roundId, config.node, own.reply, nowMs))
}

/** The last heartbeat that is certainly in the database. */
function writtenSequence ({ phase }: UnitState): number {
  if (phase.type === 'handingOver') return phase.sequence
  if (phase.type !== 'active') return 0
  return phase.heartbeatOp === null ? phase.sequence : Math.max(0, phase.sequence - 1)
}

/** One voter's answer to one round; answers to forgotten rounds and to earlier terms change nothing. */
export function countReply (config: UnitConfig, state: UnitState, roundId: number, voter: string, reply: LeaseReply, nowMs: number): Stepped {
  const lease = leaseOf(state.phase)
  const round = lease?.rounds.find(({ id }) => id === roundId)
  if (lease === null || round === undefined) return [state, []]
  if (!reply.ok) {
    if (reply.voters !== null && reply.voters.generation > votersOf(config, state).generation) return takeList(config, state, roundId, voter, reply, reply.voters, nowMs)
    if (reply.refusal === 'olderTerm' && reply.holder === config.node && reply.term > lease.term) return [adoptTerm(state, lease, reply.term, nowMs), []]
    const lost = reply.refusal === 'olderTerm' || reply.refusal === 'termTaken' || reply.refusal === 'released'
    const next = lost ? countLostVoter(lease, roundId, voter) : postponeRound(lease, nowMs, reply.remainingMs)
    return [withLease(state, next), []]
  }
  const next = countGrant(leaseConfig(config), lease, roundId, voter)
  const extended = next.untilMs > lease.untilMs && isHeld(next, nowMs)
  const known = voter === config.node ? state : metVoter(state, voter, reply.boot, round.voters)
  return [withLease(known, next), extended ? extendGuard(state, next) : []]
}

/**
 * A voter has stored a newer list: it was accepted by majorities of the former one and of itself, so it counts from now
 * on, here as well (S11). Stored before anything is asked by it.
 */
function takeList (config: UnitConfig, state: UnitState, roundId: number, voter: string, reply: LeaseReply, voters: VoterList, nowMs: number): Stepped {
  return chain(chain(storeList(state, voters),
    next => countReply(config, next, roundId, voter, reply, nowMs)), next => {
    const lease = leaseOf(next.phase)
    return [lease === null ? next : withLease(next, { ...lease, without: null, nextRoundAtMs: nowMs }), []]
  })
}

/** This node's own voter has the list on disk before anything is asked by it. */
export function storeList (state: UnitState, voters: VoterList): Stepped {
  const { voterSide } = state
  if (voterSide.type !== 'voting') return [state, []]
  return storeVoter(state, { ...voterSide.voter, record: withVoters(voterSide.voter.record, voters) })
}

export function storeVoter (state: UnitState, voter: VoterState): Stepped {
  return [{ ...state, voterSide: { type: 'voting', voter } }, [{ type: 'persist', durable: { voter: voter.record, ownRelease: state.ownRelease } }]]
}

/**
 * A controller took a newer term for this very node (a voter had been left behind in a term of another): it goes on
 * under that one. What is left of the lease stays good, since nobody is granted anything while it runs.
 */
export function adoptTerm (state: UnitState, lease: Lease, term: number, nowMs: number): UnitState {
  const next = withLease(state, { ...lease, term, without: null, rounds: [], nextRoundAtMs: nowMs })
  // nothing was written in it yet; its backups are in sync with it only when its heartbeat has reached them
  if (next.phase.type === 'handingOver') return { ...next, phase: { ...next.phase, sequence: 0 } }
  return next.phase.type === 'active' ? { ...next, phase: { ...next.phase, sequence: 0, nextHeartbeatAtMs: nowMs } } : next
}

/** The kernel's guard lives as long as the lease, but opens only with the gates; the endpoints live on once they were taken. */
function extendGuard (state: UnitState, lease: Lease): readonly UnitAction[] {
  const { phase } = state
  const open = phase.type === 'active' || phase.type === 'handingOver' || (phase.type === 'promoting' && phase.stage === 'gates')
  return open ? [{ type: 'extendGuard', untilMs: lease.untilMs, endpoints: true }] : []
}

function withLease (state: UnitState, lease: Lease): UnitState {
  const { phase } = state
  return 'lease' in phase ? { ...state, phase: { ...phase, lease } } : state
}
