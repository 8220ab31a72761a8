// What the agent knows and wants for one cluster on this node: everything a decision may depend on, and nothing else.
import type { Problem } from '../../protocol/report.ts'
import type { LastWrites, Order, Step } from '../../protocol/order.ts'
import type { TimingConfig } from '../../protocol/cluster.ts'
import type { ServerObservation } from '../server.ts'
import type { Lease } from './lease.ts'
import type { VoterState } from './voter.ts'

export interface UnitConfig {
  readonly cluster: string
  readonly node: string
  /** New with every start of this agent. */
  readonly boot: string
  readonly witness: boolean
  /** The nodes of the file, this one among them: who votes as long as no list was stored, and who may be reached (S11). */
  readonly voters: readonly string[]
  readonly servers: readonly string[]
  /** node -> server -> the replication source's address (`tcp:10.0.0.1:16641`). */
  readonly sources: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly timing: TimingConfig
  readonly guardKind: 'nftables' | 'vipLifetime' | 'none'
  /** How long after the lease's end the kernel may still let clients in; declared with each lease request (S4). */
  readonly slackMs: number
  /** The longest lease and slack any member may use: what a restarted voter assumes. */
  readonly longestHoldMs: number
}

export type VoterSide =
  | { readonly type: 'voting', readonly voter: VoterState }
  | { readonly type: 'refusing', readonly problem: string }

/** The order that a phase answers when it ends, if any. */
export interface Asked {
  readonly orderId: number
  readonly receivedAtMs: number
  readonly steps: readonly Step[]
}

export type StopReason = 'serverDown' | 'serverHung' | 'serverOverdue' | 'roleLost' | 'leaseLapsed' | 'superseded' | 'promotionFailed' | 'handoverFailed'

export type PhaseState =
  | { readonly type: 'witness' }
  /** Servers are being started or adopted; `settled` counts those that answered or failed once. */
  | { readonly type: 'starting', readonly settled: readonly string[] }
  /** At `giveUpAtMs` the lease from before the restart is certainly over, and its slack. */
  | { readonly type: 'resuming', readonly lease: Lease, readonly giveUpAtMs: number }
  | { readonly type: 'backup', readonly follow: { readonly op: number, readonly source: string, readonly term: number, readonly asked: Asked } | null }
  /** `force`: an operator was told what an incomplete copy lacks. */
  | { readonly type: 'acquiring', readonly lease: Lease, readonly asked: Asked, readonly giveUpAtMs: number, readonly force: boolean, readonly lastWrites: LastWrites | null }
  /** Also after a resume (`asked` null): the endpoints and gates are made sure of again. */
  | { readonly type: 'promoting', readonly lease: Lease, readonly asked: Asked | null, readonly stage: 'servers' | 'endpoints' | 'gates', readonly op: number }
  | { readonly type: 'active', readonly lease: Lease, readonly sequence: number, readonly nextHeartbeatAtMs: number, readonly heartbeatOp: number | null }
  | {
    readonly type: 'handingOver'
    readonly lease: Lease
    readonly sequence: number
    readonly stage: 'closing' | 'waiting' | 'freezing' | 'reopening'
    readonly op: number
    readonly asked: Asked | null
    readonly giveUpAtMs: number
  }
  | {
    readonly type: 'stopping'
    readonly term: number
    readonly reason: StopReason
    readonly detail: string
    /** Its gate may have been open in this term. */
    readonly served: boolean
    readonly op: number
    /** When the kernel has certainly shut the ports, whatever the commands say (S4). */
    readonly certainAtMs: number
    readonly startedAtMs: number
    readonly asked: Asked | null
  }

export interface ServerState {
  readonly observation: ServerObservation | null
  /** When that look began: a role seen before the phase began says nothing about it. */
  readonly observedFromMs: number
  /** A demotion or start under way: its outcome is awaited before anything else is asked of this server. */
  readonly busyOp: { readonly op: number, readonly kind: 'start' | 'demote' | 'kill' | 'restart' } | null
  readonly startAttempts: number
  readonly startAtMs: number | null
  readonly startProblem: string | null
}

export interface UnitState {
  readonly voterSide: VoterSide
  /** The last term that this node gave back, durable like the voter's record: never asked for again (S2). */
  readonly ownRelease: { readonly term: number, readonly served: boolean }
  /** The servers that lived on when this node gave that term back because another one died: each gets a marker behind its last write. */
  readonly marked: { readonly term: number, readonly servers: readonly string[] } | null
  /** voter -> the boot in which it last granted this node. */
  readonly boots: Readonly<Record<string, string>>
  /** Node -> the newest list of voters (its generation) by which it granted this one, or was granted by it; forgotten with every start (S9). */
  readonly met: Readonly<Record<string, number>>
  readonly phase: PhaseState
  /** When the phase began: observations that started earlier say nothing about it. */
  readonly phaseSinceMs: number
  readonly servers: Readonly<Record<string, ServerState>>
  readonly endpoints: Readonly<Record<string, boolean>>
  /** Problems that shells report; by code and server. */
  readonly problems: readonly Problem[]
  /** Marker waits and restarts under way on behalf of orders. */
  readonly waits: Readonly<Record<number, Asked>>
  readonly nextId: number
}

export type OrderOf<Type extends Order['type']> = Extract<Order, { type: Type }>

export function leaseOf (phase: PhaseState): Lease | null {
  return 'lease' in phase ? phase.lease : null
}

export function termOf (state: UnitState): number {
  return state.voterSide.type === 'voting' ? state.voterSide.voter.record.term : 0
}
