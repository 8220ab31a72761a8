import { OvsdbHaError } from './errors.ts'

/** An order with a term older than the agent knows: its sender is no longer the one to decide (S1). Nothing was changed. */
export class StaleTermError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_STALE_TERM'
  readonly httpStatus = 409
  readonly hint = 'Nothing to do: a newer decision is in force. The sender learns the current term from this answer.'
  /** The current term. */
  readonly term: number

  constructor (cluster: string, node: string, orderTerm: number, currentTerm: number) {
    super(`the order is of term ${orderTerm}, and ${node} knows term ${currentTerm}`, { cluster, node })
    this.term = currentTerm
  }
}
