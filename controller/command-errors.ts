import type { RefusedNode } from '../protocol/api.ts'
import { OvsdbHaError } from '../protocol/errors.ts'
import type { CommandRefusal } from './core/actions.ts'

const CODES = {
  notLeading: 'OVSDB_HA_NOT_LEADING',
  unknownNode: 'OVSDB_HA_UNKNOWN_NODE',
  operationRuns: 'OVSDB_HA_OPERATION_RUNS',
  noActive: 'OVSDB_HA_NO_ACTIVE',
  activeServes: 'OVSDB_HA_ACTIVE_SERVES',
  alreadyActive: 'OVSDB_HA_ALREADY_ACTIVE',
  noCandidate: 'OVSDB_HA_NO_CANDIDATE'
} as const satisfies Record<CommandRefusal['kind'], OvsdbHaError['code']>

const HINTS: Record<CommandRefusal['kind'], string> = {
  notLeading: 'Ask the controller that leads this cluster, or wait a moment after a start.',
  unknownNode: 'Name a data node of the cluster (ovsdb-ha status).',
  operationRuns: 'Wait until it has ended (ovsdb-ha status --watch).',
  noActive: 'Nobody serves: see why with "ovsdb-ha status"; "ovsdb-ha failover" promotes a node.',
  activeServes: 'Use "ovsdb-ha switchover": it loses no write.',
  alreadyActive: 'Nothing to do.',
  noCandidate: 'Wait until a node is in sync (ovsdb-ha status). "ovsdb-ha failover --to NODE --force" takes one that is not, and tells what is lost.'
}

/** What an operator asked for was refused; nothing was changed. */
export class CommandRefusedError extends OvsdbHaError {
  readonly code: OvsdbHaError['code']
  readonly httpStatus: number
  readonly hint: string
  readonly refused: readonly RefusedNode[]

  /** `leader`: who could do it, where another controller leads. */
  constructor (cluster: string, refusal: CommandRefusal, leader: string | null = null) {
    super(refusal.kind === 'notLeading' && leader !== null ? `this controller does not lead cluster ${cluster}: ${leader} does` : sentence(cluster, refusal), { cluster })
    this.code = CODES[refusal.kind]
    this.httpStatus = refusal.kind === 'unknownNode' ? 404 : refusal.kind === 'notLeading' ? 503 : 409
    this.hint = HINTS[refusal.kind]
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
    case 'noCandidate': return `cluster ${cluster}: no node can take over: ${refusal.refused.map(one => one.message).join('; ')}`
    default:
      refusal satisfies never
      return 'unknown'
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
