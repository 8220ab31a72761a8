import type { Leader, RefusedNode } from '../protocol/api.ts'
import { OvsdbHaError } from '../protocol/errors.ts'
import type { CommandRefusal } from './core/actions.ts'

const CODES = {
  notLeading: 'OVSDB_HA_NOT_LEADING',
  unknownNode: 'OVSDB_HA_UNKNOWN_NODE',
  operationRuns: 'OVSDB_HA_OPERATION_RUNS',
  noActive: 'OVSDB_HA_NO_ACTIVE',
  activeServes: 'OVSDB_HA_ACTIVE_SERVES',
  alreadyActive: 'OVSDB_HA_ALREADY_ACTIVE',
  noCandidate: 'OVSDB_HA_NO_CANDIDATE',
  noFenceDevice: 'OVSDB_HA_NO_FENCE_DEVICE',
  fencedServes: 'OVSDB_HA_FENCED_SERVES',
  notOff: 'OVSDB_HA_NOT_OFF',
  nothingToAcknowledge: 'OVSDB_HA_NOTHING_TO_ACKNOWLEDGE',
  unknownFailover: 'OVSDB_HA_UNKNOWN_FAILOVER',
  unknownMember: 'OVSDB_HA_UNKNOWN_MEMBER',
  votersRefused: 'OVSDB_HA_VOTERS_REFUSED',
  votersFailed: 'OVSDB_HA_VOTERS_NOT_CHANGED'
} as const satisfies Record<CommandRefusal['kind'], OvsdbHaError['code']>

const HINTS: Record<CommandRefusal['kind'], string> = {
  notLeading: 'Ask the controller that leads this cluster, or wait a moment after a start.',
  unknownNode: 'Name a data node of the cluster (ovsdb-ha status).',
  operationRuns: 'Wait until it has ended (ovsdb-ha status --watch).',
  noActive: 'Nobody serves: see why with "ovsdb-ha status"; "ovsdb-ha failover" promotes a node.',
  activeServes: 'Use "ovsdb-ha switchover": it loses no write.',
  alreadyActive: 'Nothing to do.',
  noCandidate: 'Wait until a node is in sync (ovsdb-ha status). "ovsdb-ha failover --to NODE --force" takes one that is not, and tells what is lost.',
  noFenceDevice: 'Give the node a fence in cluster.yaml and restart the controller; or power it off yourself, and say so with "ovsdb-ha confirm-off NODE --reason TEXT".',
  fencedServes: 'Move the service away first: "ovsdb-ha switchover". "ovsdb-ha fence NODE --force" cuts its clients off.',
  notOff: 'Power it off first, or look which node you meant (ovsdb-ha status).',
  nothingToAcknowledge: 'Nothing to do: no node is locked out, and no failover counts.',
  unknownFailover: 'ovsdb-ha status lists the failovers that count; without --failover all of them are acknowledged.',
  unknownMember: 'Add the node to cluster.yaml on all nodes and controllers first, restart them, and see it report (ovsdb-ha status).',
  votersRefused: 'Look at the voters (ovsdb-ha voters show) and at the nodes (ovsdb-ha status).',
  votersFailed: 'Ask again: a change that was begun is finished then. Who serves, serves on.'
}

/** What an operator asked for was refused; nothing was changed. */
export class CommandRefusedError extends OvsdbHaError {
  readonly code: OvsdbHaError['code']
  readonly httpStatus: number
  readonly hint: string
  readonly refused: readonly RefusedNode[]
  /** Who could do it, where another controller leads. */
  readonly leader: Leader | undefined

  constructor (cluster: string, refusal: CommandRefusal, leader: Leader | null = null) {
    super(refusal.kind === 'notLeading' && leader !== null ? `this controller does not lead cluster ${cluster}: ${leader.name} does${leader.url === null ? '' : ` (${leader.url})`}` : sentence(cluster, refusal), { cluster })
    this.code = CODES[refusal.kind]
    this.httpStatus = refusal.kind === 'unknownNode' || refusal.kind === 'unknownMember' || refusal.kind === 'unknownFailover' ? 404 : refusal.kind === 'notLeading' ? 503 : 409
    this.hint = HINTS[refusal.kind]
    this.leader = refusal.kind === 'notLeading' ? leader ?? undefined : undefined
    this.refused = refusal.kind === 'noCandidate' ? refusal.refused : []
  }
}

function sentence (cluster: string, refusal: CommandRefusal): string {
  switch (refusal.kind) {
    case 'notLeading': return `this controller does not lead cluster ${cluster}`
    case 'unknownNode': return `cluster ${cluster} has no data node ${refusal.node}`
    case 'operationRuns': return `cluster ${cluster}: operation ${refusal.operation} (${refusal.what}) is running`
    case 'noActive': return `cluster ${cluster} has no active to switch over from: ${refusal.why}`
    case 'activeServes': return `cluster ${cluster}: ${refusal.active} serves; a failover is for when nobody does`
    case 'alreadyActive': return `cluster ${cluster}: ${refusal.node} is the active already`
    case 'noFenceDevice': return `cluster ${cluster}: nothing can power ${refusal.node}: it has no fence device`
    case 'fencedServes': return `cluster ${cluster}: ${refusal.node} serves`
    case 'notOff': return `cluster ${cluster}: ${refusal.node} is not off: ${refusal.why}`
    case 'nothingToAcknowledge': return `cluster ${cluster} has no failover to acknowledge`
    case 'unknownFailover': return `cluster ${cluster} has no failover ${refusal.term} to acknowledge: those that count are ${refusal.known.join(', ')}`
    case 'unknownMember': return `cluster ${cluster} has no member ${refusal.node} in the controller's cluster.yaml`
    case 'votersRefused': return `cluster ${cluster}: ${refusal.why}`
    case 'votersFailed': return `the voters of cluster ${cluster} were not changed: ${refusal.why}`
    case 'noCandidate': return `cluster ${cluster}: no node can take over: ${refusal.refused.map(one => one.message).join('; ')}`
    default:
      refusal satisfies never
      return 'unknown'
  }
}

/** The same for whoever only asks what would be refused. */
export function refusalInWords (cluster: string, refusal: CommandRefusal, leader: Leader | null): { readonly code: string, readonly message: string, readonly hint: string } {
  const { code, message, hint } = new CommandRefusedError(cluster, refusal, leader)
  return { code, message, hint }
}

/** The device could not make certain that the node is in the wanted state; it may be in either. */
export class FenceFailedError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_FENCE_FAILED'
  readonly httpStatus = 502
  readonly hint = 'Look at the device (power, network, password); the controller\'s log has what it said. Nothing counts as off.'

  constructor (cluster: string, node: string, action: 'off' | 'on', detail: string) {
    super(`${node} could not be powered ${action}: ${detail}`, { cluster, node })
  }
}

/** The request is well formed, and what it asks for makes no sense; the message names the field. */
export class RequestWrongError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_REQUEST_WRONG'
  readonly httpStatus = 400
  readonly hint = 'Nothing was changed. GET /v1/openapi.json says what this route takes.'

  constructor (cluster: string, message: string) {
    super(message, { cluster })
  }
}

/** No planned switchover has that id, or it has begun. */
export class PlanUnknownError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_PLAN_UNKNOWN'
  readonly httpStatus: number
  readonly hint = '"ovsdb-ha switchover --list" shows those that wait, with their ids.'

  constructor (cluster: string, id: string, begunAt: string | null) {
    super(begunAt === null ? `cluster ${cluster} has no planned switchover ${id}` : `the planned switchover ${id} of cluster ${cluster} has begun at ${begunAt}`, { cluster })
    this.httpStatus = begunAt === null ? 404 : 409
  }
}

/** The controller stops, or cannot take more requests. */
export class ControllerNotReadyError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONTROLLER_NOT_READY'
  readonly httpStatus = 503
  readonly hint = 'Try again in a moment, or ask another controller.'

  constructor (cluster: string, why: string) {
    super(why, { cluster })
  }
}
