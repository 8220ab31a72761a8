// One change of the active, step by step (DESIGN "How a failover runs"). Safety rests on the term that a majority accepts
// (S1), on the wait for every grant that may still run (S3), and on the agents' own leases; an operation that dies with
// its controller leaves nothing that the next one would have to know.
import { invariant } from '../../protocol/invariant.ts'
import { lastMarker } from '../../protocol/last-marker.ts'
import type { LastWrites, OrderReply } from '../../protocol/order.ts'
import { LEAVE_OUT_MAX, type LeaveOut, type TermReply } from '../../protocol/vote.ts'
import { isMajority, listQuorum, type VoterList } from '../../protocol/voter-list.ts'
import type { ClusterAction } from './actions.ts'
import { candidates, forcible, outOfSync } from './candidate.ts'
import { certainty, fenceMayHelp, tendFence, unprovable, type Certainty, type TakingTerm } from './fencing.ts'
import { mayMoveOn } from './flapping.ts'
import { freshReport, freshReports, highestTerm, knownReleases, lastServed, releaseOf } from './knowledge.ts'
import { chain, takeId, type Stepped } from './stepped.ts'
import { leftOutFor } from './lone-survivor.ts'
import type { ClusterState, CoreConfig, EndedOperation, Operation, OperationFence, OperationStep } from './state.ts'
import { askedForTerm, voterList } from './voters.ts'

/** Others may take terms at the same time: after so many lost races something is wrong that an operator should see. */
const TERMS_TRIED_MAX = 8
const RETRY_BACKOFF_MS = [250, 500, 1_000, 2_000, 5_000, 10_000] as const

export type OperationSeed = Pick<Operation, 'kind' | 'trigger' | 'from' | 'fromTerm' | 'to' | 'why' | 'reason' | 'force' | 'refused' | 'commandId' | 'drill'>

/** A change that takes a term at once: the old active is gone, or was never there. */
export function beginTaking (config: CoreConfig, state: ClusterState, seed: OperationSeed, nowMs: number): Stepped {
  return chain(create(state, seed, { type: 'takingTerm', voters: voterList(config, state), replies: {}, sinceMs: nowMs }, nowMs), next => askTerm(config, next, nowMs))
}

/** A planned change: the gate of the old active closes and the marker travels, both at once. */
export function beginHandover (config: CoreConfig, state: ClusterState, seed: OperationSeed, nowMs: number): Stepped {
  const [begin, one] = takeId(state)
  const [marker, two] = takeId(one)
  const { handoverDeadlineMs } = config.cluster.timing
  const created = create(two, seed, { type: 'closing', begin: { tag: begin, done: false }, marker: { tag: marker, done: false }, failure: null, sinceMs: nowMs }, nowMs)
  return chain(created, next => {
    const text = `${config.controller}-${next.operation?.id ?? 0}-${seed.fromTerm}`
    const common = { term: seed.fromTerm, controller: config.controller, deadlineMs: handoverDeadlineMs }
    return [next, [
      { type: 'order', tag: begin, node: seed.from ?? '', order: { type: 'handoverBegin', ...common, marker: text } },
      { type: 'order', tag: marker, node: seed.to, order: { type: 'awaitMarker', ...common, marker: text } }
    ]]
  })
}

function create (state: ClusterState, seed: OperationSeed, stage: Operation['stage'], nowMs: number): Stepped {
  invariant(state.operation === null, 'one operation at a time')
  const [id, next] = takeId(state)
  const operation: Operation = { ...seed, id, lastActive: lastServed(state)?.holder ?? null, term: seed.fromTerm, leaveOut: [], without: null, fence: null, failed: [], termsTried: 0, stage, steps: [], startedAtMs: nowMs }
  return [{ ...next, operation, hold: null }, [{ type: 'operationBegan', operation }]]
}

/** A new term for the candidate, higher than any that was seen (S1). */
function askTerm (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const { operation } = state
  if (operation === null) return [state, []]
  if (operation.termsTried >= TERMS_TRIED_MAX) return end(state, operation, 'failed', `${TERMS_TRIED_MAX} terms were lost to somebody else: does another controller serve this cluster?`, nowMs)
  const term = Math.max(highestTerm(state).term, state.memory?.term ?? 0, state.highestTermTried, operation.term) + 1
  const leaveOut = merge(operation.leaveOut, knownReleases(state))
  const voters = voterList(config, state)
  const without = leftOutFor(config, state, operation.to, nowMs)
  const asking: Operation = { ...operation, term, leaveOut, without, fence: null, termsTried: operation.termsTried + 1, stage: { type: 'takingTerm', voters, replies: {}, sinceMs: nowMs } }
  return [{ ...state, operation: asking, highestTermTried: term }, [{
    type: 'askTerm',
    operation: operation.id,
    voters: askedForTerm(config, voters),
    request: { term, holder: operation.to, controller: config.controller, reason: operation.reason, voters, leaveOut: [...leaveOut] }
  }]]
}

function merge (certain: readonly LeaveOut[], known: readonly LeaveOut[]): readonly LeaveOut[] {
  const others = known.filter(one => !certain.some(over => over.holder === one.holder && over.term === one.term))
  return [...certain, ...others].slice(0, LEAVE_OUT_MAX)
}

export function termAnswered (state: ClusterState, event: { readonly operation: number, readonly term: number, readonly voter: string, readonly reply: TermReply }, nowMs: number): Stepped {
  const { operation } = state
  if (operation === null || operation.id !== event.operation || operation.term !== event.term || operation.stage.type !== 'takingTerm') return [state, []]
  if (!operation.stage.voters.names.includes(event.voter)) return [state, []]
  const replies = { ...operation.stage.replies, [event.voter]: { reply: event.reply, receivedAtMs: nowMs } }
  return [{ ...state, operation: { ...operation, stage: { ...operation.stage, replies } } }, []]
}

/** Brings a running operation to where nothing more is due. */
export function progress (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const { operation } = state
  if (operation === null) return [state, []]
  const { stage } = operation
  switch (stage.type) {
    case 'takingTerm': return progressTerm(config, state, operation, stage, nowMs)
    case 'choosing': {
      const report = freshReport(config, state, stage.failed, nowMs)
      const known = releaseOf(state, stage.failed, operation.term) !== null || report === null
      return known || nowMs - stage.sinceMs > config.cluster.timing.commandTimeoutMs ? chooseNext(config, state, operation, stage.why, nowMs) : [state, []]
    }
    case 'closing':
    case 'freezing':
    case 'undoing':
    case 'promoting':
      return [state, []] // the order's own deadline ends it
    default:
      stage satisfies never
      return [state, []]
  }
}

/**
 * Promotes when a majority accepted the term and every grant that it reported has run out (S3). Any majority will do: the
 * one whose largest remaining grant ends first is taken. Grants of a holder that released that very term, or that is
 * certainly off, are left out.
 */
function progressTerm (config: CoreConfig, state: ClusterState, operation: Operation, stage: TakingTerm, nowMs: number): Stepped {
  const { untilMs, leaveOut, without } = certaintyOf(config, state, operation, stage, nowMs)
  if (untilMs !== null && untilMs <= nowMs) return promoteOnFacts(config, state, { ...operation, leaveOut, without }, stage, untilMs, nowMs)
  const tended = tendFence(config, state, operation, stage, nowMs)
  if (untilMs !== null || tended[0] !== state || fenceMayHelp(operation)) return tended
  const replies = Object.values(stage.replies)
  const refusals = replies.flatMap(({ reply }) => reply.ok ? [] : reply)
  const voters = stage.voters.names.length
  if (refusals.length > voters - listQuorum(stage.voters)) {
    const otherList = refusals.find(({ refusal }) => refusal === 'olderVoters' || refusal === 'votersDiffer')
    if (otherList !== undefined) return end(state, operation, 'failed', `voters have stored another list of voters (${inWords(otherList.voters)}) than the one that is known here (${inWords(stage.voters)}): see their reports`, nowMs)
    if (refusals.some(refusal => refusal.refusal === 'stillRenewing')) return end(state, operation, 'undone', `voters still see ${refusals[0]?.holder ?? 'the holder'} renew its lease: it keeps serving (S1)`, nowMs)
    if (refusals.every(refusal => refusal.refusal === 'cannotVote')) return end(state, operation, 'failed', 'a majority of the voters cannot vote', nowMs)
    const term = Math.max(operation.term, ...refusals.map(refusal => refusal.term))
    // whoever lost a race knows less than it thought: from here on voters that see somebody renew are right (S1)
    return askTerm(config, { ...state, operation: { ...operation, term, reason: 'lost' } }, nowMs)
  }
  if (operation.fence?.status === 'failed') return end(state, operation, 'failed', notCertain(operation, operation.fence), nowMs)
  if (nowMs - stage.sinceMs <= config.cluster.timing.commandTimeoutMs) return [state, []]
  const unproven = unprovable(config, state, operation.to, nowMs)
  if (unproven !== null) return end(state, operation, 'failed', `${unproven} has no guard and no fence device: only "ovsdb-ha confirm-off ${unproven}" can tell that it is off`, nowMs)
  return end(state, operation, 'failed', `no majority of the voters accepted term ${operation.term}: ${replies.length} of ${voters} answered`, nowMs)
}

function notCertain ({ to, without }: Operation, { node, detail }: OperationFence): string {
  return without === node
    ? `${to} alone is no majority of two voters, and ${node} could not be made certain to be off: ${detail}`
    : `${node} has no guard, and could not be made certain to be off: ${detail}`
}

/**
 * The candidate was chosen on reports from before; another controller may have made somebody serve since. Each voter that
 * accepted the term reports at once which earlier term it granted last: with a majority of those the choice is checked
 * again, and can no longer become wrong (S6).
 */
function promoteOnFacts (config: CoreConfig, state: ClusterState, operation: Operation, { voters, sinceMs }: TakingTerm, untilMs: number, nowMs: number): Stepped {
  const after = freshReports(config, state, nowMs).filter(({ voter }) => voter.problem === null && voter.term >= operation.term)
  const alone = operation.without !== null && after.some(({ node }) => node === operation.to)
  if (!alone && !isMajority(voters, after.map(({ node }) => node))) {
    if (nowMs - untilMs <= config.cluster.timing.commandTimeoutMs) return [state, []]
    return end(state, operation, 'failed', `the voters that accepted term ${operation.term} do not report: who served before cannot be told`, nowMs)
  }
  const report = freshReport(config, state, operation.to, nowMs)
  const lacks = operation.force || report === null ? null : outOfSync(config, state, report, hasMarker(state, operation))
  if (lacks !== null) return end(state, operation, 'undone', `somebody served meanwhile: ${lacks.message}`, nowMs)
  if (operation.force && stillFollows(config, state, operation, nowMs) && nowMs - untilMs <= config.cluster.timing.commandTimeoutMs) return [state, []]
  return promote(config, state, operation, sinceMs, nowMs)
}

/**
 * Whoever is forced may hold less than those that follow it (its file was lost): they would take over what it comes back
 * with, without a rescue, as soon as it serves. Each that reports lets go first (S7; agent/core/unit.ts, letSourceGo).
 */
function stillFollows (config: CoreConfig, state: ClusterState, { to, term }: Operation, nowMs: number): boolean {
  return freshReports(config, state, nowMs).some(({ node, voter, following, servers }) => {
    if (node === to) return false
    const unheard = voter.problem === null && voter.term < term
    return servers.some(({ source }) => source !== null) && (unheard || following === to || following === null)
  })
}

function certaintyOf (config: CoreConfig, state: ClusterState, operation: Operation, stage: TakingTerm, nowMs: number): Certainty {
  return certainty(config, state, operation, stage, nowMs, (leaveOut, only) => waitUntilMs(leaveOut, stage, only))
}

/**
 * The marker of a switchover is the proof that its candidate has everything (S6): the heartbeat, in a database of its own,
 * may come later, and says nothing against it. What was served in a later term the marker knows nothing of.
 */
function hasMarker (state: ClusterState, operation: Operation): boolean {
  return operation.kind === 'switchover' && operation.failed.length === 0 && state.memory?.term === operation.fromTerm
}

/** When every grant of the best majority has run out, or of the only voter that counts, clock rates allowed for; null while not accepted. */
function waitUntilMs (leaveOut: readonly LeaveOut[], { voters, replies }: TakingTerm, only: string | null): number | null {
  const ends: number[] = []
  for (const [voter, { reply, receivedAtMs }] of Object.entries(replies)) {
    if (!reply.ok || !voters.names.includes(voter) || (only !== null && voter !== only)) continue
    const counted = reply.grants.filter(grant => !leaveOut.some(over => over.holder === grant.holder && over.term === grant.term))
    const remainingMs = Math.max(0, ...counted.map(grant => grant.remainingMs))
    ends.push(remainingMs === 0 ? receivedAtMs : receivedAtMs + remainingMs + clockMarginMs(remainingMs))
  }
  return ends.toSorted((a, b) => a - b)[only === null ? listQuorum(voters) - 1 : 0] ?? null
}

function inWords (list: VoterList | null): string {
  return list === null ? 'unknown' : `generation ${list.generation}: ${list.names.join(', ')}`
}

/** Clocks of two nodes may differ in rate by up to one percent; and timers are a few milliseconds late. */
function clockMarginMs (durationMs: number): number {
  return durationMs / 100 + 5
}

/**
 * Of the servers that lived on when another one of the last active died: each has a marker behind its last write, and the
 * candidate waits for it where it still replicates from that very node: as long as a switchover would, and no longer than
 * clients would have waited had the whole node been lost.
 */
function lastWritesFor (config: CoreConfig, state: ClusterState, { from, fromTerm, to }: Operation, nowMs: number): LastWrites | null {
  const left = from === null || from === to ? null : freshReport(config, state, from, nowMs)
  const candidate = freshReport(config, state, to, nowMs)
  if (from === null || left === null || left.lease.releasedTerm !== fromTerm || candidate?.following !== from) return null
  const servers = (left.lease.marked ?? []).filter(name => candidate.servers.some(server => server.name === name && server.replication === 'replicating'))
  const { handoverDeadlineMs, leaseMs } = config.cluster.timing
  return servers.length === 0 ? null : { marker: lastMarker(from, fromTerm), servers, deadlineMs: Math.min(handoverDeadlineMs, leaseMs) }
}

function promote (config: CoreConfig, state: ClusterState, operation: Operation, sinceMs: number, nowMs: number): Stepped {
  const [tag, next] = takeId(state)
  const steps = [...operation.steps, step(operation, `take term ${operation.term}`, null, sinceMs, nowMs, null)]
  const lastWrites = lastWritesFor(config, state, operation, nowMs)
  return [{ ...next, operation: { ...operation, steps, stage: { type: 'promoting', tag, sinceMs: nowMs } } }, [{
    type: 'order',
    tag,
    node: operation.to,
    order: {
      type: 'promote',
      term: operation.term,
      controller: config.controller,
      deadlineMs: config.cluster.timing.promoteDeadlineMs,
      leaveOut: [...operation.leaveOut],
      force: operation.force,
      ...(operation.without === null ? {} : { without: operation.without }),
      ...(lastWrites === null ? {} : { lastWrites })
    }
  }, ...(operation.without === null
    ? []
    : [{ type: 'record' as const, kind: 'goesOnAlone', severity: 'warning' as const, node: operation.to, message: `${operation.to} is to serve without ${operation.without}, which is off: of two voters it is enough in term ${operation.term}`, facts: { term: operation.term, without: operation.without } }])]]
}

/** An order of the running operation ended; anything else is not ours. */
export function operationOrderEnded (config: CoreConfig, state: ClusterState, tag: number, reply: OrderReply | null, error: string | null, nowMs: number): Stepped {
  const { operation } = state
  if (operation === null) return [state, []]
  const { stage } = operation
  const failure = error ?? (reply !== null && !reply.ok ? reply.reason ?? 'it was undone' : null)
  if (stage.type === 'closing' && (stage.begin.tag === tag || stage.marker.tag === tag)) return closingEnded(config, state, operation, stage, tag, reply, failure, nowMs)
  if (stage.type === 'freezing' && stage.tag === tag) {
    const frozen = withSteps(operation, operation.from, stage.sinceMs, reply, 'freeze and release', failure, nowMs)
    if (failure !== null) {
      const servesOn = frozen.from !== null && cameBack(config, state, frozen.from, frozen, nowMs)
      return end({ ...state, operation: frozen }, frozen, servesOn ? 'undone' : 'failed', `${operation.from ?? 'the old active'} could not be frozen${servesOn ? ', and serves on' : ''}: ${failure}`, nowMs)
    }
    // its answer is the release; the report that shows it may come later
    const over: LeaveOut[] = frozen.from === null ? [] : [{ holder: frozen.from, term: frozen.fromTerm, why: 'released' }]
    return askTerm(config, { ...state, operation: { ...frozen, leaveOut: over } }, nowMs)
  }
  if (stage.type === 'undoing' && stage.tag === tag) return end(state, operation, 'undone', stage.why, nowMs)
  if (stage.type === 'promoting' && stage.tag === tag) {
    const promoted = withSteps(operation, operation.to, stage.sinceMs, reply, 'promote', failure, nowMs)
    // a copy that was under way came from an earlier active, or from this one's life before
    if (failure === null) return end(remember({ ...state, operation: promoted, follow: null }, promoted), promoted, 'done', promoted.why, nowMs)
    const failed = [...operation.failed, operation.to]
    return [{ ...state, operation: { ...promoted, failed, stage: { type: 'choosing', failed: operation.to, why: failure, sinceMs: nowMs } } }, [
      { type: 'record', kind: 'promotionFailed', severity: 'warning', node: operation.to, message: `${operation.to} could not be promoted: ${failure}`, facts: { term: operation.term } }
    ]]
  }
  return [state, []]
}

/** It had opened its gate again by itself, its time for the hand-over being over, when the order to freeze came. */
function cameBack (config: CoreConfig, state: ClusterState, from: string, { fromTerm, startedAtMs }: Operation, nowMs: number): boolean {
  const report = freshReport(config, state, from, nowMs)
  return report?.phase === 'active' && report.lease.held && report.lease.term === fromTerm && (state.agents[from]?.phaseSinceMs ?? 0) > startedAtMs
}

function closingEnded (config: CoreConfig, state: ClusterState, operation: Operation, stage: Extract<Operation['stage'], { type: 'closing' }>, tag: number, reply: OrderReply | null, failure: string | null, nowMs: number): Stepped {
  const ofBegin = stage.begin.tag === tag
  const node = ofBegin ? operation.from : operation.to
  const noted = withSteps(operation, node, stage.sinceMs, reply, ofBegin ? 'close the gate, write the marker' : 'marker arrived', failure, nowMs)
  const why = failure === null
    ? stage.failure
    : ofBegin ? `${operation.from ?? ''} could not begin the hand-over: ${failure}` : `the marker did not arrive on ${operation.to} in time: ${failure}`
  // the gate is reopened only when its closing has ended, one way or the other
  if (why !== null && (ofBegin || stage.begin.done)) {
    const [undo, next] = takeId(state)
    return [{ ...next, operation: { ...noted, stage: { type: 'undoing', tag: undo, why, sinceMs: nowMs } } }, [order(config, undo, operation, 'handoverCancel')]]
  }
  const closing = { ...stage, failure: why, ...(ofBegin ? { begin: { tag, done: true } } : { marker: { tag, done: true } }) }
  if (!closing.begin.done || !closing.marker.done) return [{ ...state, operation: { ...noted, stage: closing } }, []]
  const [freeze, next] = takeId(state)
  return [{ ...next, operation: { ...noted, stage: { type: 'freezing', tag: freeze, sinceMs: nowMs } } }, [order(config, freeze, operation, 'handoverFinish')]]
}

function order (config: CoreConfig, tag: number, operation: Operation, type: 'handoverFinish' | 'handoverCancel'): ClusterAction {
  const common = { term: operation.fromTerm, controller: config.controller, deadlineMs: config.cluster.timing.handoverDeadlineMs }
  return { type: 'order', tag, node: operation.from ?? '', order: { type, ...common } }
}

/** The promotion failed and its node gave the term back: the next candidate gets a term of its own (S1, S8). */
function chooseNext (config: CoreConfig, state: ClusterState, operation: Operation, why: string, nowMs: number): Stepped {
  const pick = operation.force ? forcible : candidates
  const { eligible, refused } = pick(config, state, operation.failed, nowMs)
  const best = eligible[0]
  const detail = `${operation.to} could not be promoted: ${why}`
  if (best === undefined) return end(state, { ...operation, refused }, 'failed', `${detail}; no other node can take over`, nowMs)
  if (!mayMoveOn(config, state, operation, best.node, nowMs)) return end(state, { ...operation, refused }, 'failed', `${detail}; ${best.node} could take over, but the budget of automatic failovers is spent`, nowMs)
  const next: Operation = { ...operation, to: best.node, reason: 'lost', refused, why: `${best.node} is next: ${detail}` }
  return askTerm(config, { ...state, operation: next }, nowMs)
}

function end (state: ClusterState, operation: Operation, outcome: EndedOperation['outcome'], detail: string, nowMs: number): Stepped {
  const ended: EndedOperation = { operation, outcome, detail, endedAtMs: nowMs }
  const attempts = outcome === 'done' ? 0 : state.retry.attempts + 1
  const waitMs = outcome === 'done' ? 0 : RETRY_BACKOFF_MS[Math.min(attempts, RETRY_BACKOFF_MS.length) - 1] ?? 0
  return [{ ...state, operation: null, lastEnded: ended, retry: { attempts, notBeforeMs: nowMs + waitMs }, majoritySinceMs: null }, [
    { type: 'operationEnded', ended }
  ]]
}

function remember (state: ClusterState, operation: Operation): ClusterState {
  return { ...state, memory: { term: operation.term, active: operation.to, sequence: 0 } }
}

/** The agent's own steps, laid on the operation's time line at the moment its order was sent. */
function withSteps (operation: Operation, node: string | null, sentAtMs: number, reply: OrderReply | null, name: string, failure: string | null, nowMs: number): Operation {
  const offsetMs = sentAtMs - operation.startedAtMs
  const inner: OperationStep[] = (reply?.steps ?? []).map(one => ({ ...one, node, startMs: offsetMs + one.startMs, endMs: offsetMs + one.endMs }))
  return { ...operation, steps: [...operation.steps, step(operation, name, node, sentAtMs, nowMs, failure), ...inner] }
}

function step (operation: Operation, name: string, node: string | null, startMs: number, endMs: number, error: string | null): OperationStep {
  return { name, node, startMs: startMs - operation.startedAtMs, endMs: endMs - operation.startedAtMs, error }
}

/** The next moment at which a running operation is due by itself. */
export function operationDueMs (config: CoreConfig, state: ClusterState, nowMs: number): number | null {
  const { operation } = state
  if (operation === null) return null
  const { stage } = operation
  if (stage.type === 'takingTerm') {
    const { untilMs } = certaintyOf(config, state, operation, stage, nowMs)
    const beginAtMs = operation.fence?.status === 'waiting' ? operation.fence.beginAtMs : null
    // certain, and waiting for reports: not for ever
    if (untilMs !== null && untilMs <= nowMs) return untilMs + config.cluster.timing.commandTimeoutMs + 1
    if (untilMs !== null || beginAtMs !== null) return Math.min(untilMs ?? Infinity, beginAtMs ?? Infinity)
    return stage.sinceMs + config.cluster.timing.commandTimeoutMs + 1
  }
  if (stage.type === 'choosing') return stage.sinceMs + config.cluster.timing.commandTimeoutMs + 1
  return null
}
