// What an agent's action means to an operator; null where a reader learns nothing from it.
import type { UnitAction } from '../../agent/core/actions.ts'
import type { UnitState } from '../../agent/core/state.ts'

export function actionInWords (action: UnitAction, state: UnitState): string | null {
  const { phase } = state
  switch (action.type) {
    case 'answerTerm': {
      const { reply } = action
      if (!reply.ok) return `refuses the term: ${reply.refusal}${reply.holder === null ? '' : ` (it knows term ${reply.term} of ${reply.holder})`}`
      const running = reply.grants.map(grant => `${grant.holder ?? 'somebody unknown'} may serve for ${Math.ceil(grant.remainingMs)} ms more`)
      return `accepts the term${running.length === 0 ? ', no lease runs' : `: ${running.join(', ')}`}`
    }
    case 'tellVoters': return `gives term ${action.request.term} back for ever${action.request.served ? '' : ': nobody was served in it'}`
    case 'refuseOrder': return `refuses to ${action.order.type}: ${action.refusal.kind}`
    case 'startServer': return `starts server ${action.server}`
    case 'demoteServer': return `makes server ${action.server} a backup`
    case 'killServer': return `kills server ${action.server}`
    case 'restartServers': return `restarts ${action.servers.map(({ name }) => name).join(' and ')}`
    case 'convertDatabases': return `converts ${action.servers.map(({ name }) => name).join(' and ')}`
    case 'promoteServers': return `has the lease of term ${action.position.term} from a majority; promotes its servers`
    case 'takeEndpoints': return 'takes the address'
    case 'openGates': return 'opens the gate'
    case 'stopServing': return `shuts gate and guard${phase.type === 'stopping' ? `: ${phase.detail}` : ''}`
    case 'beginHandover': return 'closes the gate and writes the marker'
    case 'freezeServers': return 'freezes its servers'
    case 'awaitMarker': return 'waits for the marker'
    case 'followSource': return `copies from ${action.source}`
    case 'happened': return action.message
    default: return null
  }
}
