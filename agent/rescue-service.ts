import type { CopyComparison } from '../protocol/copy-comparison.ts'
import type { Actor, RescueList, RescueView } from '../protocol/rescue.ts'
import type { DiffRequest, PlanRequest, ReplayPlan, ReplayReply, ReplayRequest, RescueDiff } from '../protocol/rescue-replay.ts'

/** What the agent's API can ask about the rescues of one cluster on this node (S7). Rejections are OvsdbHaErrors. */
export interface RescueService {
  /** Newest first. */
  list (): Promise<RescueList>
  show (id: string): Promise<RescueView>
  acknowledge (id: string, actor: Actor): Promise<RescueView>
  /** Answers with what was removed. One that nobody has acknowledged is refused unless forced. */
  remove (id: string, actor: Actor & { readonly force: boolean }): Promise<RescueView>
  diff (id: string, request: DiffRequest): Promise<RescueDiff>
  /** What would bring the chosen rows back into the active. Changes nothing. */
  plan (id: string, request: PlanRequest): Promise<ReplayPlan>
  /** Notes that it was done. */
  applied (id: string, done: Actor & { readonly appliedRows: number }): Promise<RescueView>
  /** What the copy of that node has and the one here lacks; changes nothing. */
  compareCopies (source: string): Promise<CopyComparison>
  /** On the active: runs the operations of a plan as one transaction, or refuses. */
  replay (request: ReplayRequest): Promise<ReplayReply>
}
