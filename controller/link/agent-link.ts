import type { Happening, Report } from '../../protocol/report.ts'
import type { TermReply, TermRequest } from '../../protocol/vote.ts'
import type { Order, OrderReply } from '../../protocol/order.ts'
import type { CopyComparison } from '../../protocol/copy-comparison.ts'
import type { Actor, RescueList, RescueView } from '../../protocol/rescue.ts'
import type { DiffRequest, PlanRequest, ReplayPlan, ReplayReply, ReplayRequest, RescueDiff } from '../../protocol/rescue-replay.ts'
import type { CompactReply, CompactRequest } from '../../protocol/maintenance.ts'
import type { NodeVersions } from '../../protocol/versions.ts'
import type { CompareProgress, CompareReply, CompareRequest, MarkReply, MarkRequest, RecheckReply, RecheckRequest } from '../../protocol/verify.ts'
import type { RestorePlan, RestorePlanRequest } from '../../protocol/restore.ts'
import type { SnapshotList, SnapshotReply, SnapshotRequest, SnapshotVerdict, SnapshotVerifyRequest } from '../../protocol/snapshot.ts'

export interface AgentListener {
  onReport (report: Report): void
  onHappening (happening: Happening): void
  /** The stream ended, could not be opened, or went silent; `why` is one line for people. Called once per loss, and again when the reason changes. */
  onLost (why: string): void
}

/** One controller's link to the agent of one node for one cluster: the report stream in, terms and orders out. */
export interface AgentLink {
  readonly node: string
  /** Follows the stream and dials again with bounded back-off until `stop`. */
  start (listener: AgentListener): void
  stop (): Promise<void>
  /** The agent's state as it is now, apart from the stream. Rejects with an AgentUnreachableError within `deadlineMs`. */
  look (deadlineMs: number): Promise<Report>
  /** Rejects with an AgentUnreachableError (cause kept) within `deadlineMs`. */
  term (request: TermRequest, deadlineMs: number): Promise<TermReply>
  /** The agent's own refusal comes back as the OvsdbHaError it sent (code, message, hint, term kept). */
  order (order: Order): Promise<OrderReply>
}

/** What one controller asks the agent of one node about rescues. Each rejects with what the agent said, or with an AgentUnreachableError within `deadlineMs`. */
export interface RescueLink {
  readonly node: string
  stop (): Promise<void>
  list (deadlineMs: number): Promise<RescueList>
  show (id: string, deadlineMs: number): Promise<RescueView>
  acknowledge (id: string, actor: Actor, deadlineMs: number): Promise<RescueView>
  remove (id: string, actor: Actor & { readonly force: boolean }, deadlineMs: number): Promise<RescueView>
  diff (id: string, request: DiffRequest, deadlineMs: number): Promise<RescueDiff>
  plan (id: string, request: PlanRequest, deadlineMs: number): Promise<ReplayPlan>
  applied (id: string, done: Actor & { readonly appliedRows: number }, deadlineMs: number): Promise<RescueView>
  replay (request: ReplayRequest, deadlineMs: number): Promise<ReplayReply>
  /** How its own copy differs from that node's. */
  compareCopies (source: string, deadlineMs: number): Promise<CopyComparison>
}

/** What one controller asks of the agent of one node that has nothing to do with who serves. Each rejects with what the agent said, or with an AgentUnreachableError. */
export interface MaintenanceLink {
  readonly node: string
  compact (request: CompactRequest): Promise<CompactReply>
  snapshots (deadlineMs: number): Promise<SnapshotList>
  takeSnapshot (request: SnapshotRequest): Promise<SnapshotReply>
  versions (deadlineMs: number): Promise<NodeVersions>
  /** Those that take long: answered when the servers run again, or are converted. */
  order (order: Extract<Order, { type: 'restart' | 'convert' }>): Promise<OrderReply>
  verifySnapshot (id: string, request: SnapshotVerifyRequest): Promise<SnapshotVerdict>
  /** Of the node that has the snapshot. */
  planRestore (id: string, request: RestorePlanRequest): Promise<RestorePlan>
  compare (request: CompareRequest): Promise<CompareReply>
  compareProgress (deadlineMs: number): Promise<CompareProgress>
  recheck (request: RecheckRequest): Promise<RecheckReply>
  mark (request: MarkRequest): Promise<MarkReply>
  stop (): Promise<void>
}
