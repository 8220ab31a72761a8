import type { AcknowledgeBody, ClusterView, ConfirmOffBody, FailoverBody, FenceBody, OperationView, PauseBody, QuorumForceBody, SwitchoverBody, UnfenceBody, VotersBody } from '../protocol/api.ts'
import type { Explanation } from '../protocol/explain.ts'
import type { FailoverPreview } from '../protocol/failover-preview.ts'
import type { PlanBody, PlannedSwitchover, SwitchoverPreview } from '../protocol/planned.ts'
import type { PreferenceBody } from '../protocol/preference.ts'

/** Without what the history adds. */
export type PlainPreview = Omit<SwitchoverPreview, 'outage'> & { readonly undoneAfterMs: number }

/** What the controller's API can ask of one cluster. `actor` is the token's name; it goes into the audit trail. Rejections are OvsdbHaErrors. */
export interface ClusterService {
  readonly name: string
  view (): ClusterView
  /** Why it does what it does now. */
  explain (): Explanation
  /** Calls back on each change of the view; returns how to stop. */
  follow (onChange: (view: ClusterView) => void): () => void
  /** Resolves when the operation has ended; `onStarted` is called when it is accepted. */
  switchover (body: SwitchoverBody, actor: string, onStarted?: (operation: OperationView) => void): Promise<OperationView>
  failover (body: FailoverBody, actor: string, onStarted?: (operation: OperationView) => void): Promise<OperationView>
  /** Resolves when the node is certainly off, or on; rejects when that could not be made certain. */
  fence (node: string, body: FenceBody, actor: string): Promise<void>
  unfence (node: string, body: UnfenceBody, actor: string): Promise<void>
  confirmOff (node: string, body: ConfirmOffBody, actor: string): Promise<void>
  /** What failed may be preferred again, and counts no more. */
  acknowledge (body: AcknowledgeBody, actor: string): Promise<void>
  /** Resolves when the service counts by the new list; rejects when it was refused, or did not come to its end. */
  changeVoters (change: 'add' | 'remove', node: string, body: VotersBody, actor: string): Promise<void>
  /** Resolves when all of them took the list; rejects when it was refused, or not all did. */
  forceQuorum (body: QuorumForceBody, actor: string): Promise<void>
  /** Whom to promote rather, or not at all; stored before it resolves. */
  prefer (node: string, body: PreferenceBody, actor: string): Promise<void>
  /** Stored before it resolves; whoever leads then runs it. */
  plan (body: PlanBody, actor: string): Promise<PlannedSwitchover>
  planned (): readonly PlannedSwitchover[]
  /** Before it begins. */
  cancelPlan (id: string, actor: string): Promise<void>
  /** What a switchover would do now, and why not another; nothing of it is done. */
  previewSwitchover (to: string | null): PlainPreview
  /** The same of a failover by hand, and what it would lose. */
  previewFailover (to: string | null, force: boolean): FailoverPreview
  pause (body: PauseBody, actor: string): Promise<void>
  resume (actor: string): Promise<void>
}
