import type { Happening, Report } from '../protocol/report.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermReply, TermRequest } from '../protocol/vote.ts'
import type { Order, OrderReply } from '../protocol/order.ts'

/** What the agent's API can ask of one cluster's unit on this node. Rejections are OvsdbHaErrors. */
export interface UnitService {
  readonly cluster: string
  /** The whole state now. */
  report (): Report
  /** Calls back with the whole state at once on each change, and with each happening; returns how to stop. */
  follow (onReport: (report: Report) => void, onHappening: (happening: Happening) => void): () => void
  term (request: TermRequest): Promise<TermReply>
  lease (request: LeaseRequest): Promise<LeaseReply>
  release (request: ReleaseRequest): Promise<void>
  /** Resolves when the order is done or undone. Rejects with StaleTermError (409, `term`) for an old term. */
  order (order: Order): Promise<OrderReply>
}
