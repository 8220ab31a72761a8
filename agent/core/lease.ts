// The holder's side of the lease (S2). The idea: a grant says "until so long after I answered nobody else serves";
// counting from the moment the round was *sent* puts the holder's end before every voter's, however slow the network.
import type { LeaveOut } from '../../protocol/vote.ts'
import type { VoterList } from '../../protocol/voter-list.ts'
import { isEnough } from './pair.ts'

export interface Round {
  readonly id: number
  readonly sentAtMs: number
  /** It asked by this list and is counted by it: whoever is not on it does not count (S11). */
  readonly voters: VoterList
  readonly grantedBy: readonly string[]
  /** Voters that accepted a higher term or gave this one to another: they will never grant it again. */
  readonly lostVoters: readonly string[]
}

export interface Lease {
  readonly term: number
  readonly leaveOut: readonly LeaveOut[]
  /** The other one of two voters, certainly off after this node accepted the term: it does not count (S9). Null: all of them do. */
  readonly without: string | null
  /** The moment this node must have stopped serving; 0 before the first majority. */
  readonly untilMs: number
  /** Of the newest list whose majority granted (S11); 0 before the first one, and while one of two is left out: then it was no majority. */
  readonly generation: number
  readonly rounds: readonly Round[]
  readonly nextRoundAtMs: number
}

export interface LeaseConfig {
  readonly leaseMs: number
  readonly renewEveryMs: number
}

/** The most by which the clocks of two nodes may differ in rate. */
const CLOCK_RATES_APART = 0.01
/** Rounds that may still be answered; older ones are forgotten, their grants no longer count. */
const ROUNDS_MAX = 4
/** A lease that is not yet held is asked for again after this long, unless a voter names a longer time. */
const ASK_AGAIN_MS = 50

/** For how long a voter may grant nobody else: lease and slack on the holder's clock, counted by a voter whose clock may be the faster one (S3). */
export function holdMsOf (leaseMs: number, slackMs: number): number {
  return Math.ceil((leaseMs + slackMs) * (1 + CLOCK_RATES_APART))
}

export function newLease (term: number, leaveOut: readonly LeaveOut[], nowMs: number, without: string | null = null): Lease {
  return { term, leaveOut, without, untilMs: 0, generation: 0, rounds: [], nextRoundAtMs: nowMs }
}

export function isHeld (lease: Lease, nowMs: number): boolean {
  return lease.untilMs > nowMs
}

export function startRound (config: LeaseConfig, lease: Lease, id: number, voters: VoterList, nowMs: number): Lease {
  const round: Round = { id, sentAtMs: nowMs, voters, grantedBy: [], lostVoters: [] }
  const pauseMs = isHeld(lease, nowMs) ? config.renewEveryMs : ASK_AGAIN_MS
  return { ...lease, rounds: [...lease.rounds, round].slice(-ROUNDS_MAX), nextRoundAtMs: nowMs + pauseMs }
}

/** A majority of grants, counted by the round they answer, extends the lease to the moment that round was sent + `leaseMs`. */
export function countGrant (config: LeaseConfig, lease: Lease, roundId: number, voter: string): Lease {
  const round = lease.rounds.find(one => one.id === roundId)
  if (round === undefined || round.grantedBy.includes(voter)) return lease
  const counted: Round = { ...round, grantedBy: [...round.grantedBy, voter] }
  const rounds = lease.rounds.map(one => one.id === roundId ? counted : one)
  if (!isEnough(round.voters, counted.grantedBy, lease.without)) return { ...lease, rounds }
  const untilMs = Math.max(lease.untilMs, round.sentAtMs + config.leaseMs)
  // the first majority of a term sets the pace of renewals
  const nextRoundAtMs = lease.untilMs === 0 ? round.sentAtMs + config.renewEveryMs : lease.nextRoundAtMs
  const generation = lease.without === null ? Math.max(lease.generation, round.voters.generation) : lease.generation
  return { ...lease, rounds, untilMs, generation, nextRoundAtMs }
}

/** A voter that can never grant this term again. */
export function countLostVoter (lease: Lease, roundId: number, voter: string): Lease {
  const rounds = lease.rounds.map(round => round.id === roundId && !round.lostVoters.includes(voter)
    ? { ...round, lostVoters: [...round.lostVoters, voter] }
    : round)
  return { ...lease, rounds }
}

/** No majority is left that could ever renew this term. */
export function isHopeless (lease: Lease): boolean {
  return lease.rounds.some(({ voters, lostVoters }) => !isEnough(voters, voters.names.filter(name => !lostVoters.includes(name)), lease.without))
}

/** A voter still waits for an earlier grant to end: ask again then. */
export function postponeRound (lease: Lease, nowMs: number, remainingMs: number): Lease {
  if (isHeld(lease, nowMs)) return lease
  return { ...lease, nextRoundAtMs: Math.max(lease.nextRoundAtMs, nowMs + Math.min(remainingMs, 1_000)) }
}
