import { OvsdbHaError } from '../protocol/errors.ts'
import type { Order } from '../protocol/order.ts'
import { StaleTermError } from '../protocol/order-errors.ts'
import type { OrderRefusal } from './core/actions.ts'

const CODES = {
  notHolder: 'OVSDB_HA_TERM_OF_ANOTHER',
  released: 'OVSDB_HA_TERM_RELEASED',
  busy: 'OVSDB_HA_NODE_BUSY',
  cannotVote: 'OVSDB_HA_CANNOT_VOTE',
  notServing: 'OVSDB_HA_NOT_SERVING',
  notDataNode: 'OVSDB_HA_NOT_A_DATA_NODE',
  badSource: 'OVSDB_HA_BAD_SOURCE',
  notReady: 'OVSDB_HA_NODE_NOT_READY',
  votersRefused: 'OVSDB_HA_VOTER_LIST_REFUSED',
  notAlone: 'OVSDB_HA_NOT_ALONE'
} as const satisfies Record<Exclude<OrderRefusal['kind'], 'staleTerm'>, OvsdbHaError['code']>

const HINTS: Record<keyof typeof CODES, string> = {
  notHolder: 'Nothing to do: the controller takes a new term for this node.',
  released: 'Nothing to do: a released term is never used again; the controller takes a new one.',
  busy: 'Wait until the node has finished what it does (ovsdb-ha status), then try again.',
  cannotVote: 'Repair the voter\'s state file as the problem says, then restart the agent.',
  notServing: 'Look who is active (ovsdb-ha status); this node does not hold that term.',
  notDataNode: 'Name a node that has databases; a witness only votes.',
  badSource: 'Compare the cluster.yaml of controller and agents; they must be the same file.',
  notReady: 'Wait until the servers of the node are up (ovsdb-ha status), or name another node.',
  votersRefused: 'Look at the voters (ovsdb-ha voters show), then ask for the change again.',
  notAlone: 'Bring the other node back: both together are a majority.'
}

/** An order that this node does not take; nothing was changed. */
export class OrderRefusedError extends OvsdbHaError {
  readonly code: OvsdbHaError['code']
  readonly httpStatus = 409
  readonly hint: string

  constructor (cluster: string, node: string, order: Order, refusal: Exclude<OrderRefusal, { kind: 'staleTerm' }>) {
    super(`${node} refuses to ${order.type} in term ${order.term}: ${sentence(refusal)}`, { cluster, node })
    this.code = CODES[refusal.kind]
    this.hint = HINTS[refusal.kind]
  }
}

export function refusalError (cluster: string, node: string, order: Order, refusal: OrderRefusal): OvsdbHaError {
  if (refusal.kind === 'staleTerm') return new StaleTermError(cluster, node, order.term, refusal.term)
  return new OrderRefusedError(cluster, node, order, refusal)
}

function sentence (refusal: Exclude<OrderRefusal, { kind: 'staleTerm' }>): string {
  switch (refusal.kind) {
    case 'notHolder': return `term ${refusal.term} belongs to ${refusal.holder ?? 'nobody'}`
    case 'released': return `it gave back term ${refusal.term}, and that is final`
    case 'busy': return `it is busy (${refusal.doing})`
    case 'cannotVote': return refusal.problem
    case 'notServing': return 'it does not serve in that term'
    case 'notDataNode': return 'it is a witness'
    case 'badSource': return `${refusal.source} cannot be its source: ${refusal.why}`
    case 'notReady':
    case 'votersRefused': return refusal.why
    case 'notAlone': return `it may not count alone: ${refusal.why}`
    default:
      refusal satisfies never
      return 'unknown'
  }
}
