// Everything that can happen to the leader of a cluster.
import type { OrderReply } from '../../protocol/order.ts'
import type { Happening, Report } from '../../protocol/report.ts'
import type { TermReply } from '../../protocol/vote.ts'
import type { Preferences } from './preference.ts'
import type { ComparedNode } from './differing.ts'
import type { Kept, Memory, Paused } from './state.ts'

export type ClusterEvent =
  | { readonly type: 'woke' }
  | { readonly type: 'reported', readonly report: Report }
  /** The answer of an agent that was asked apart from its stream. */
  | { readonly type: 'looked', readonly report: Report }
  | { readonly type: 'lost', readonly node: string, readonly why: string }
  | { readonly type: 'happened', readonly happening: Happening }
  /** This process did not run for a while: what it believes about time is worth nothing. */
  | { readonly type: 'stalled' }
  /** Backups were compared with the active. */
  | { readonly type: 'compared', readonly found: readonly ComparedNode[] }
  | { readonly type: 'leadership', readonly leading: boolean }
  | { readonly type: 'restored', readonly memory: Memory | null, readonly paused: Paused | null, readonly preferences?: Preferences, readonly kept?: Kept }
  | { readonly type: 'pauseSet', readonly paused: Paused | null }
  /** All of them. */
  | { readonly type: 'preferencesSet', readonly preferences: Preferences }
  | { readonly type: 'termAnswered', readonly operation: number, readonly term: number, readonly voter: string, readonly reply: TermReply }
  | { readonly type: 'orderEnded', readonly tag: number, readonly reply: OrderReply | null, readonly error: string | null }
  /** `commandId`: as the action had it. */
  | { readonly type: 'fenceEnded', readonly tag: number, readonly node: string, readonly action: 'off' | 'on', readonly by: string, readonly commandId: number | null, readonly ok: boolean, readonly detail: string }
  /** What a look at the node's device found; null: it answers. */
  | { readonly type: 'fenceDeviceSeen', readonly node: string, readonly problem: string | null }
  | { readonly type: 'fenceAsked', readonly commandId: number, readonly node: string, readonly force: boolean, readonly actor: string, readonly reason: string }
  | { readonly type: 'unfenceAsked', readonly commandId: number, readonly node: string, readonly actor: string, readonly reason: string }
  | { readonly type: 'confirmOffAsked', readonly commandId: number, readonly node: string, readonly actor: string, readonly reason: string }
  /** The answer to an action `turn`. */
  | { readonly type: 'turnGiven', readonly turn: 'waiting' | 'granted' }
  /** `term` names one failover; null: all of them. */
  | { readonly type: 'acknowledgeAsked', readonly commandId: number, readonly term: number | null, readonly actor: string, readonly reason: string }
  | { readonly type: 'votersAsked', readonly commandId: number, readonly change: 'add' | 'remove', readonly node: string, readonly actor: string, readonly reason: string }
  | { readonly type: 'quorumForceAsked', readonly commandId: number, readonly names: readonly string[], readonly actor: string, readonly reason: string }
  /** `drill`: nobody decided that a node which failed may serve again, so nothing is acknowledged by it. */
  | { readonly type: 'switchoverAsked', readonly commandId: number, readonly to: string | null, readonly actor: string, readonly reason: string, readonly drill?: true }
  | { readonly type: 'failoverAsked', readonly commandId: number, readonly to: string | null, readonly force: boolean, readonly actor: string, readonly reason: string }
