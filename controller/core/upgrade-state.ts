// What the leader knows of a planned restart of all servers. Little is remembered: who was asked for it, and which processes
// ran when it began. What is done follows from what the agents report, so that any later leader goes on where it stands.
import type { OperationView, Severity } from '../../protocol/api.ts'
import type { UPGRADE_STAGES } from '../../protocol/upgrade.ts'
import type { Facts } from './actions.ts'

/** Node -> server -> process id when it began. */
export type ProcessesBefore = Readonly<Record<string, Readonly<Record<string, number>>>>

export interface Upgrade {
  /** When it began, as ISO 8601 in UTC. */
  readonly id: string
  readonly by: string
  readonly reason: string
  readonly stage: typeof UPGRADE_STAGES[number]
  /** Why it was stopped. */
  readonly why: string | null
  readonly before: ProcessesBefore
  /** Who served when it began. */
  readonly home: string
  /** The highest term when it began or was resumed: an automatic failover in a higher one stops it. */
  readonly term: number
  /** Server -> digest of the schema file that its database is converted to on the way; null: schemas stay. */
  readonly convert: Readonly<Record<string, string>> | null
  /** The schemas cannot replicate into each other: the active is converted while it serves, when every backup has been. Null: no such thing. */
  readonly cutOver: 'ahead' | 'done' | null
  /** Nodes that were told to restart, and did not refuse. Absent in what an older controller kept. */
  readonly ordered?: readonly string[]
}

export interface UpgradeConfig {
  readonly cluster: string
  /** A node that was restarted has this long until it follows, whole. */
  readonly catchUpMs: number
  /** The rest of the cluster may be less than whole for this long, and any node silent: reports are late, connections are dialled anew. */
  readonly graceMs: number
}

export interface UpgradeState {
  readonly leading: boolean
  readonly upgrade: Upgrade | null
  /** What was asked for, and has not ended. */
  readonly asked: Asked | null
  /** Since when the cluster has not been whole; null: it is. While something is asked for, only silent nodes count. */
  readonly unwholeSinceMs: number | null
  /** Since when the reason has been one that this restart does not explain; null: there is none. */
  readonly graceSinceMs: number | null
  /** Failures in a row of the step that is due. */
  readonly failures: number
  readonly notBeforeMs: number
  /** Nodes that were told to be done. */
  readonly told: readonly string[]
  readonly nextTag: number
}

export interface Asked {
  readonly tag: number
  readonly action: 'restart' | 'switchover' | 'convert'
  readonly node: string
  /** A node fell silent meanwhile, and the restart was stopped: the answer is noted when it comes, and is not waited for. */
  readonly givenUp: boolean
}

export type UpgradeEvent =
  | { readonly type: 'woke' }
  /** `kept`: what the leader before knew. */
  | { readonly type: 'led', readonly kept: Upgrade | null }
  | { readonly type: 'leadLost' }
  | { readonly type: 'begun', readonly upgrade: Upgrade }
  | { readonly type: 'stopAsked', readonly actor: string, readonly reason: string }
  | { readonly type: 'resumeAsked', readonly actor: string, readonly term: number }
  /** What an action asked for has ended. */
  | { readonly type: 'ended', readonly tag: number, readonly error: string | null, readonly operation: OperationView | null }

export type UpgradeAction =
  | { readonly type: 'record', readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly message: string, readonly facts: Facts }
  | { readonly type: 'keep', readonly upgrade: Upgrade | null }
  /** These processes of this node; refused by the node when it is no backup. */
  | { readonly type: 'restart', readonly tag: number, readonly node: string, readonly servers: ReadonlyArray<{ readonly name: string, readonly pid: number }> }
  | { readonly type: 'switchover', readonly tag: number, readonly reason: string }
  | { readonly type: 'convert', readonly tag: number, readonly node: string }
  | { readonly type: 'wakeAt', readonly atMs: number }

export type Upgraded = readonly [UpgradeState, readonly UpgradeAction[]]

export const NO_UPGRADE: UpgradeState = { leading: false, upgrade: null, asked: null, unwholeSinceMs: null, graceSinceMs: null, failures: 0, notBeforeMs: 0, told: [], nextTag: 1 }
