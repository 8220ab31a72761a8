import type { ClusterView, FailoverBody, OperationView, PauseBody, SwitchoverBody } from '../protocol/api.ts'

/** What the controller's API can ask of one cluster. `actor` is the token's name; it goes into the audit trail. Rejections are OvsdbHaErrors. */
export interface ClusterService {
  readonly name: string
  view (): ClusterView
  /** Calls back on each change of the view; returns how to stop. */
  follow (onChange: (view: ClusterView) => void): () => void
  /** Resolves when the operation has ended; `onStarted` is called when it is accepted. */
  switchover (body: SwitchoverBody, actor: string, onStarted?: (operation: OperationView) => void): Promise<OperationView>
  failover (body: FailoverBody, actor: string, onStarted?: (operation: OperationView) => void): Promise<OperationView>
  pause (body: PauseBody, actor: string): Promise<void>
  resume (actor: string): Promise<void>
}
