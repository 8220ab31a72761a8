import type { Report, ServerReport } from '../../protocol/report.ts'
import { MaintenanceRefusedError } from './maintenance-errors.ts'

/** An incomplete copy, or one of a node in between two roles, is nothing to read: throws a MaintenanceRefusedError. */
export function refuseUnlessWhole ({ cluster, node, phase, servers }: Report, as: 'active' | 'backup'): void {
  const detail = { cluster, node }
  if (phase !== as) throw new MaintenanceRefusedError(`${node} was to be read as the ${as}, and is ${phase}`, detail)
  const bad = servers.find(server => !isWhole(server, as))
  if (bad !== undefined) throw new MaintenanceRefusedError(`${bad.name} on ${node} has no whole copy: ${bad.incompleteReason ?? bad.reason ?? `it is ${bad.health}, and ${bad.replication}`}`, detail)
}

/** A busy server, which it is while it is read, says nothing of its replication; that its copy is whole is known all the same. */
function isWhole ({ health, complete, replication }: ServerReport, as: 'active' | 'backup'): boolean {
  if (health === 'busy') return complete
  return health === 'up' && complete && (as === 'active' || replication === 'replicating')
}
