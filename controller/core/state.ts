// What the leader knows about one cluster and what it is doing about it: everything a decision may depend on.
import type { OperationKind, RefusedNode } from '../../protocol/api.ts'
import type { ClusterConfig } from '../../protocol/cluster.ts'
import type { Report } from '../../protocol/report.ts'
import type { LeaveOut, TermReason, TermReply } from '../../protocol/vote.ts'
import type { VoterList } from '../../protocol/voter-list.ts'
import type { VoterChange } from './change-voters.ts'
import type { Forcing } from './force-quorum.ts'
import type { Preferences } from './preference.ts'

export interface CoreConfig {
  readonly cluster: ClusterConfig
  /** This controller's name: terms are taken in it, orders carry it. */
  readonly controller: string
  /** Of the cluster's part of this controller's own file; absent where it does not matter. */
  readonly configDigest?: string
  /** The nodes that can be powered off, and how; absent where none can. */
  readonly fencing?: Readonly<Record<string, FencePlan>>
  /** Whatever the leader begins by itself waits for a turn that it is given (`turn`); absent: it begins at once. */
  readonly turns?: true
}

export interface FencePlan {
  readonly delayMs: number
  readonly afterwards: 'off' | 'on'
}

/** What status shows of a node that is off; kept in the store for the next leader. No decision rests on it. */
export interface OffMark {
  readonly atMs: number
  readonly by: string
  readonly why: string
  /** It rests on an operator's word. */
  readonly sworn: boolean
}

/** What is known of a node's power, beside its reports. */
export interface NodeFence {
  /** It was powered off, or an operator said so, and it has not been heard of since. */
  readonly fenced: OffMark | null
  /** An operator powered it off: it stays so until one powers it on, or it is heard of. */
  readonly ordered: boolean
  /** An operator's word that it is off: good for terms up to this one, until the node is heard of again. Only who was told counts on it: a store may be out of date. */
  readonly word: { readonly term: number, readonly atMs: number, readonly by: string } | null
  /** Why its device cannot be relied on; null when it answered, or was not asked yet. */
  readonly problem: string | null
}

/** The attempt of one operation to make certain that a node is off. */
export interface OperationFence {
  readonly node: string
  readonly tag: number
  readonly status: 'waiting' | 'running' | 'off' | 'failed'
  readonly beginAtMs: number
  readonly detail: string
}

export interface AgentView {
  readonly report: Report | null
  /** Since when the node, not restarted meanwhile, reports the phase that it is in. */
  readonly phaseSinceMs: number
  readonly receivedAtMs: number
  /** The stream is down since then; null while it is up. */
  readonly lostSinceMs: number | null
  readonly lostWhy: string | null
  /** While the stream is down: when it last answered a second look. */
  readonly answeredAtMs?: number
}

/** The last active that was seen, and how far it was: in the store, so that a restart of everything does not forget it (S6). */
export interface Memory {
  readonly term: number
  readonly active: string
  readonly sequence: number
}

export interface Paused { readonly by: string, readonly at: string, readonly reason: string }

/** An automatic failover that still counts. No other one of the cluster has its term: operators name it by that. */
export interface Recovery {
  readonly term: number
  /** Who had served. */
  readonly failed: string
  readonly to: string
  readonly why: string
  readonly atMs: number
}

/** What the leader keeps against flapping, in the store as well. */
export interface Recoveries {
  /** The highest term that was looked at, counted or not. */
  readonly countedTerm: number
  /** Neither acknowledged nor too old to matter, oldest first. */
  readonly open: readonly Recovery[]
}

/** What the leader keeps in the store for the next one; a part that is absent is as it was. */
export interface Kept {
  readonly recoveries?: Recoveries
  readonly marks?: Readonly<Record<string, OffMark>>
  readonly differing?: Readonly<Record<string, DifferingBackup>>
}

/** A backup that was compared with the active and has something else; see controller/core/differing.ts. */
export interface DifferingBackup {
  readonly message: string
  readonly atMs: number
}

/** Of many clusters that lose their active at once only some are changed at one time. */
export type Turn = 'none' | 'asked' | 'waiting' | 'granted'

/** Why nothing is done although nobody serves. */
export interface Hold {
  readonly code: 'starting' | 'noMajority' | 'inTransition' | 'stillRenewing' | 'suspecting' | 'waitingForNodes' | 'diverging' | 'noCandidate' | 'paused' | 'retrying' | 'fenceNeeded' | 'budgetSpent' | 'waitingTurn'
  readonly message: string
  readonly refused: readonly RefusedNode[]
}

export interface OperationStep {
  readonly name: string
  readonly node: string | null
  readonly startMs: number
  readonly endMs: number
  readonly error: string | null
}

export type Stage =
  /** Gate of the old active closed, marker written there and awaited on the candidate. */
  | { readonly type: 'closing', readonly begin: OrderState, readonly marker: OrderState, readonly failure: string | null, readonly sinceMs: number }
  | { readonly type: 'freezing', readonly tag: number, readonly sinceMs: number }
  /** The old active opens its gate again; the operation ends as undone. */
  | { readonly type: 'undoing', readonly tag: number, readonly why: string, readonly sinceMs: number }
  /** `voters`: whom the term was asked of, and by whom its majority is counted (S11). */
  | { readonly type: 'takingTerm', readonly voters: VoterList, readonly replies: Readonly<Record<string, TakenReply>>, readonly sinceMs: number }
  | { readonly type: 'promoting', readonly tag: number, readonly sinceMs: number }
  /** A promotion failed: the node's release is awaited, then the next candidate is taken (S8). */
  | { readonly type: 'choosing', readonly failed: string, readonly why: string, readonly sinceMs: number }

export interface OrderState { readonly tag: number, readonly done: boolean }
export interface TakenReply { readonly reply: TermReply, readonly receivedAtMs: number }

export interface Operation {
  readonly id: number
  readonly kind: OperationKind
  readonly trigger: string
  readonly from: string | null
  /** The term of the active when it began: orders to it carry that one. */
  readonly fromTerm: number
  readonly to: string
  readonly why: string
  readonly term: number
  readonly reason: TermReason
  /** Who served last when it began, as far as anybody knew. */
  readonly lastActive: string | null
  readonly force: boolean
  readonly leaveOut: readonly LeaveOut[]
  /** The other one of two voters, when it is lost: once it is certainly off the candidate counts alone (S9). Null: a majority is needed. */
  readonly without: string | null
  /** Under way or ended since a majority accepted `term`; null before, and again with every new term. */
  readonly fence: OperationFence | null
  readonly refused: readonly RefusedNode[]
  /** Nodes whose promotion failed in this operation. */
  readonly failed: readonly string[]
  readonly termsTried: number
  readonly stage: Stage
  readonly steps: readonly OperationStep[]
  readonly startedAtMs: number
  readonly commandId: number | null
  /** A schedule ordered it: budget and lock-outs stay as they are. */
  readonly drill?: true
}

/** How an operation ended; kept for answers and history. */
export interface EndedOperation {
  readonly operation: Operation
  readonly outcome: 'done' | 'failed' | 'undone'
  readonly detail: string
  readonly endedAtMs: number
}

export interface FollowState {
  readonly node: string
  readonly source: string
  readonly term: number
  readonly tag: number
}

export interface ClusterState {
  readonly startedAtMs: number
  readonly leading: boolean
  readonly agents: Readonly<Record<string, AgentView>>
  readonly paused: Paused | null
  /** What operators want of each node; those of whom they want nothing are not there. */
  readonly preferences: Preferences
  readonly memory: Memory | null
  /** When `memory` was last given to the store. */
  readonly rememberedAtMs: number
  readonly operation: Operation | null
  readonly hold: Hold | null
  readonly follow: FollowState | null
  readonly followRetries: Readonly<Record<string, { readonly attempts: number, readonly notBeforeMs: number, readonly why: string }>>
  /** Nobody is suspected before then: after a start or a stall of its own the leader observes afresh. */
  readonly observeUntilMs: number
  /** Since when a majority of voters answers and nobody serves. */
  readonly majoritySinceMs: number | null
  /** After a failed automatic operation the next one waits. */
  readonly retry: { readonly attempts: number, readonly notBeforeMs: number }
  readonly lastEnded: EndedOperation | null
  /** When a newer term was last asked for the node that serves. */
  readonly reassertedAtMs: number | null
  /** The active has been busy for too long: when it was last told to step down, null while nobody could take over. */
  readonly relief: { readonly orderedAtMs: number | null } | null
  readonly highestTermTried: number
  /** When agents were last asked apart from their streams. */
  readonly lookedAtMs: number
  readonly fences: Readonly<Record<string, NodeFence>>
  readonly recoveries: Recoveries
  readonly turn: Turn
  /** A change of the voters under way. */
  readonly change: VoterChange | null
  /** Orders of an operator who gave up the other voters. */
  readonly forcing: Forcing | null
  /** node -> what a comparison found. */
  readonly differing: Readonly<Record<string, DifferingBackup>>
  /** What the history was last told of files that differ. */
  readonly configDiffers: string | null
  readonly nextId: number
}

export function bootCluster (config: CoreConfig, nowMs: number): ClusterState {
  const unseen: AgentView = { report: null, phaseSinceMs: nowMs, receivedAtMs: nowMs, lostSinceMs: nowMs, lostWhy: 'not connected yet' }
  return {
    startedAtMs: nowMs,
    leading: false,
    agents: Object.fromEntries(config.cluster.members.map(member => [member.name, unseen])),
    paused: null,
    preferences: {},
    memory: null,
    rememberedAtMs: 0,
    operation: null,
    hold: null,
    follow: null,
    followRetries: {},
    observeUntilMs: nowMs + config.cluster.timing.suspectAfterMs,
    majoritySinceMs: null,
    retry: { attempts: 0, notBeforeMs: 0 },
    lastEnded: null,
    reassertedAtMs: null,
    relief: null,
    highestTermTried: 0,
    lookedAtMs: -Infinity,
    fences: {},
    recoveries: { countedTerm: 0, open: [] },
    turn: 'none',
    change: null,
    forcing: null,
    differing: {},
    configDiffers: null,
    nextId: 1
  }
}
