// A voter answers two questions, durably: whose term is the highest (S1), and who may not serve yet because an
// earlier grant still runs (S2, S3). It never looks at data or health; it only remembers.
import type { Grant, Heard, HolderTerm, LeaveOut, LeaseReply, LeaseRequest, Refusal, ReleaseRequest, TermReply, TermRequest } from '../../protocol/vote.ts'
import type { ProposedList, VoterList } from '../../protocol/voter-list.ts'
import { isOtherProposal, judgeList, mayPropose, NO_LIST, withVoters } from './voter-list.ts'

/** What must survive a restart; written and fsynced before any answer that depends on it. */
export interface VoterRecord {
  /** The highest term this voter accepted; 0 when none. */
  readonly term: number
  readonly holder: string | null
  /** The controller that took the term; null when the voter learnt the term from its holder. */
  readonly controller: string | null
  /** No grant of an earlier term ran when this term was accepted. */
  readonly clear: boolean
  readonly released: { readonly served: boolean } | null
  /** The highest earlier term in which somebody may have served. */
  readonly previous: HolderTerm | null
  /** The ones before it, newest first, down to one in which somebody did: it may come to light that nobody served in the later ones. None when absent. */
  readonly earlier?: readonly HolderTerm[]
  /** Who votes: every majority is counted by it (S11). Generation 0: none was stored yet. */
  readonly voters: VoterList
  /** How far the last holder of an earlier term came that told it: who comes after it must not lag behind (S6). */
  readonly heard: Heard | null
  /** The last list that was proposed to come after it; it counts for nothing yet. */
  readonly next: ProposedList | null
}

export interface GrantState {
  /** Null: unknown, because this voter restarted; the term is then an upper bound. */
  readonly holder: string | null
  readonly term: number
  readonly untilMs: number
  /** Null: not since this voter started. */
  readonly renewedAtMs: number | null
  /** The holder's last heartbeat as it said itself. */
  readonly sequence: number
}

export interface VoterState {
  readonly record: VoterRecord
  readonly grants: readonly GrantState[]
}

export interface VoterConfig {
  /** This voter's own. */
  readonly name: string
  /** A term asked for because the holder is thought lost is refused for so long after its last renewal (S1). */
  readonly stillRenewingMs: number
  /** The longest hold any holder may have been granted: what a restarted voter assumes (S3). */
  readonly longestHoldMs: number
}

export interface VoterAnswer<Reply> {
  readonly voter: VoterState
  readonly reply: Reply
  /** The record changed: store it before the reply leaves. */
  readonly persist: boolean
}

export const EMPTY_RECORD: VoterRecord = { term: 0, holder: null, controller: null, clear: true, released: null, previous: null, heard: null, voters: NO_LIST, next: null }

/** A voter that just started knows its record and none of its grants: it assumes a full hold for each that may run (S3). */
export function restartVoter (config: VoterConfig, record: VoterRecord, nowMs: number): VoterState {
  const untilMs = nowMs + config.longestHoldMs
  const grants: GrantState[] = []
  if (record.term > 0 && record.released === null) grants.push({ holder: record.holder, term: record.term, untilMs, renewedAtMs: null, sequence: 0 })
  if (!record.clear) grants.push({ holder: null, term: record.term, untilMs, renewedAtMs: null, sequence: 0 })
  return { record, grants }
}

/** A controller asks for a term (S1). Accepting it ends every lower term here, for ever. */
export function acceptTerm (config: VoterConfig, voter: VoterState, request: TermRequest, nowMs: number): VoterAnswer<TermReply> {
  const { record } = voter
  const grants = runningGrants(voter, request.leaveOut, nowMs)
  const refuse = (refusal: Refusal, remainingMs = 0) => ({ voter, reply: refused(record, refusal, remainingMs), persist: false })
  if (request.term < record.term) return refuse('olderTerm')
  const { refusal, voters } = judgeList(config.name, record, request.voters)
  if (refusal !== null) return refuse(refusal)
  if (!mayPropose(voters, request.next)) return refuse('notOneVoter')
  if (isOtherProposal(record, request)) return refuse('termTaken')
  if (request.term === record.term) {
    const same = record.holder === request.holder && record.controller === request.controller && record.released === null
    return same ? accepted({ ...voter, record: propose(withVoters(record, voters), request) }, grants, voters !== record.voters || request.next !== undefined, nowMs) : refuse('termTaken')
  }
  if (request.reason === 'lost') {
    const renewing = grants.find(grant => grant.renewedAtMs !== null && nowMs - grant.renewedAtMs < config.stillRenewingMs)
    if (renewing !== undefined) return refuse('stillRenewing', renewing.untilMs - nowMs)
  }
  const taken = adopt(voter, request.term, request.holder, request.controller, grants)
  return accepted({ record: propose(withVoters(taken, voters), request), grants }, grants, true, nowMs)
}

/** Stored with the term in which it was proposed: whoever takes a later term sees it, and finishes it before anything else (S11). */
function propose (record: VoterRecord, { term, next }: TermRequest): VoterRecord {
  return next === undefined ? record : { ...record, next: { term, voters: next } }
}

function accepted (voter: VoterState, grants: readonly GrantState[], persist: boolean, nowMs: number): VoterAnswer<TermReply> {
  const { next } = voter.record
  return { voter, reply: { ok: true, grants: grants.map(grant => describe(grant, nowMs)), ...(next === null ? {} : { next }) }, persist }
}

/**
 * A holder asks for its lease, or renews it (S2). A voter that missed the vote learns the term here: a holder asks only
 * for a term that a majority accepted. Nobody is granted anything while another holder's grant runs.
 */
export function grantLease (config: VoterConfig, voter: VoterState, request: LeaseRequest, nowMs: number): VoterAnswer<LeaseReply> {
  const { record } = voter
  if (request.term < record.term) return { voter, reply: refused(record, 'olderTerm', 0), persist: false }
  if (request.term === record.term) {
    if (record.holder !== request.holder) return { voter, reply: refused(record, 'termTaken', 0), persist: false }
    if (record.released !== null) return { voter, reply: refused(record, 'released', 0), persist: false }
  }
  const { refusal, voters } = judgeList(config.name, record, request.voters)
  if (refusal !== null) return { voter, reply: refused(record, refusal, 0), persist: false }
  const newTerm = request.term > record.term
  const persist = newTerm || voters !== record.voters
  const grants = runningGrants(voter, request.leaveOut, nowMs)
  const others = grants.filter(grant => grant.holder !== request.holder)
  const known = withVoters(newTerm ? adopt(voter, request.term, request.holder, null, others) : record, voters)
  if (others.length > 0) {
    const remainingMs = Math.max(...others.map(grant => grant.untilMs - nowMs))
    return { voter: { record: known, grants: newTerm ? grants : keepOwn(voter, grants) }, reply: refused(known, 'otherGrantRuns', remainingMs), persist }
  }
  // requests may overtake each other: what was known of this very term stays
  const before = newTerm ? 0 : ownGrant(voter)?.sequence ?? 0
  const grant: GrantState = { holder: request.holder, term: request.term, untilMs: nowMs + request.holdMs, renewedAtMs: nowMs, sequence: Math.max(before, request.sequence) }
  return { voter: { record: known, grants: [grant] }, reply: { ok: true }, persist }
}

/** A holder gives its term back: final, durable, and its grant ends at once (S2). */
export function acceptRelease (voter: VoterState, request: ReleaseRequest, nowMs: number): VoterAnswer<null> {
  const { record } = voter
  const grants = runningGrants(voter, [{ ...request, why: 'released' }], nowMs)
  const released = { served: request.served }
  if (request.term > record.term) {
    return { voter: { record: { ...adopt(voter, request.term, request.holder, null, grants), released }, grants }, reply: null, persist: true }
  }
  if (request.term === record.term && request.holder === record.holder && record.released === null) {
    return { voter: { record: { ...record, released }, grants: [...grants, ...endedOwn(voter, nowMs)] }, reply: null, persist: true }
  }
  return { voter: { record, grants: keepOwn(voter, grants) }, reply: null, persist: false }
}

/** Unexpired grants but those that the request proves over (released, or fenced: S3). */
export function runningGrants (voter: VoterState, leaveOut: readonly LeaveOut[], nowMs: number): readonly GrantState[] {
  return voter.grants.filter(grant => grant.untilMs > nowMs &&
    !leaveOut.some(over => over.holder === grant.holder && over.term === grant.term))
}

/**
 * Whether the holder of the record's term may have served in it, as far as this voter can tell: nobody serves without the
 * grants of a majority, and of any two majorities one voter is in both.
 */
export function hasGranted (voter: VoterState): boolean {
  return voter.record.released === null ? ownGrant(voter) !== null : voter.record.released.served
}

/** What was granted in the record's own term, also when it has expired. */
export function ownGrant ({ record, grants }: VoterState): GrantState | null {
  return grants.find(grant => grant.term === record.term && grant.holder === record.holder) ?? null
}

/** An expired grant of the record's own term still tells that it was given. */
function keepOwn (voter: VoterState, running: readonly GrantState[]): readonly GrantState[] {
  const own = ownGrant(voter)
  return own === null || running.includes(own) ? running : [...running, own]
}

/** A grant that was given back runs no more, and still tells how far its holder came. */
function endedOwn (voter: VoterState, nowMs: number): readonly GrantState[] {
  const own = ownGrant(voter)
  return own === null ? [] : [{ ...own, untilMs: Math.min(own.untilMs, nowMs) }]
}

export function describe (grant: GrantState, nowMs: number): Grant {
  return {
    holder: grant.holder,
    term: grant.term,
    remainingMs: Math.max(0, grant.untilMs - nowMs),
    renewedAgoMs: grant.renewedAtMs === null ? Number.MAX_SAFE_INTEGER : Math.max(0, nowMs - grant.renewedAtMs)
  }
}

/** So many terms in a row that were lost to somebody else, and of which no voter heard in time that nobody served. */
const EARLIER_MAX = 16

/** `holder` null: an operator ended all lower terms, and nobody holds this one. */
export function adopt (voter: VoterState, term: number, holder: string | null, controller: string | null, grants: readonly GrantState[]): VoterRecord {
  const { record } = voter
  const sequence = ownGrant(voter)?.sequence ?? 0
  const nobodyServed = record.term === 0 || record.holder === null || !hasGranted(voter)
  return {
    term,
    holder,
    controller,
    clear: grants.length === 0,
    released: null,
    voters: record.voters,
    next: record.next,
    previous: nobodyServed || record.holder === null ? record.previous : { holder: record.holder, term: record.term },
    earlier: nobodyServed ? record.earlier ?? [] : earlierOf(record, sequence > 0 || record.released?.served === true),
    heard: record.holder === null || sequence === 0 ? record.heard : { holder: record.holder, term: record.term, sequence }
  }
}

/** What comes behind a new `previous`; nothing when its holder certainly served: then no earlier term matters any more. */
function earlierOf ({ previous, earlier = [] }: VoterRecord, served: boolean): readonly HolderTerm[] {
  if (served || previous === null) return []
  const all = [previous, ...earlier]
  return all.length <= EARLIER_MAX ? all : [...all.slice(0, EARLIER_MAX - 1), ...all.slice(-1)]
}

function refused (record: VoterRecord, refusal: Refusal, remainingMs: number): { ok: false, refusal: Refusal, term: number, holder: string | null, remainingMs: number, voters: VoterList } {
  return { ok: false, refusal, term: record.term, holder: record.holder, remainingMs: Math.max(0, remainingMs), voters: record.voters }
}
