import type { OperationView } from '../protocol/api.ts'
import type { ClusterService } from './cluster-service.ts'
import type { ClusterEvent } from './core/events.ts'
import type { ScheduleHost } from './schedule-host.ts'

/** Puts a command to the core; resolves with the operation that it began as that ended, or with null when it began none. */
export type Ask = (make: (commandId: number) => ClusterEvent, onStarted?: (operation: OperationView) => void) => Promise<OperationView | null>

type OperatorCommands = Pick<ClusterService, 'switchover' | 'failover' | 'fence' | 'unfence' | 'confirmOff' | 'acknowledge' | 'changeVoters' | 'forceQuorum'> & Pick<ScheduleHost, 'drillSwitchover'>

/** What operators order, as events of the core. */
export function createOperatorCommands (ask: Ask): OperatorCommands {
  const change: (...args: Parameters<Ask>) => Promise<OperationView> = ask as never // a command that began an operation is resolved with it

  return {
    switchover: (body, actor, onStarted) => change(commandId => ({ type: 'switchoverAsked', commandId, to: body.to ?? null, actor, reason: body.reason ?? '' }), onStarted),
    drillSwitchover: (to, actor, reason) => change(commandId => ({ type: 'switchoverAsked', commandId, to, actor, reason, drill: true })),
    failover: (body, actor, onStarted) => change(commandId => ({ type: 'failoverAsked', commandId, to: body.to ?? null, force: body.force === true, actor, reason: body.reason ?? '' }), onStarted),
    fence: async (node, body, actor) => { await ask(commandId => ({ type: 'fenceAsked', commandId, node, force: body.force === true, actor, reason: body.reason ?? '' })) },
    unfence: async (node, body, actor) => { await ask(commandId => ({ type: 'unfenceAsked', commandId, node, actor, reason: body.reason ?? '' })) },
    confirmOff: async (node, body, actor) => { await ask(commandId => ({ type: 'confirmOffAsked', commandId, node, actor, reason: body.reason })) },
    acknowledge: async (body, actor) => { await ask(commandId => ({ type: 'acknowledgeAsked', commandId, term: body.failoverTerm ?? null, actor, reason: body.reason ?? '' })) },
    changeVoters: async (change, node, body, actor) => { await ask(commandId => ({ type: 'votersAsked', commandId, change, node, actor, reason: body.reason ?? '' })) },
    forceQuorum: async (body, actor) => { await ask(commandId => ({ type: 'quorumForceAsked', commandId, names: body.voters, actor, reason: body.reason })) }
  }
}
