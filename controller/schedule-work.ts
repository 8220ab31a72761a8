// What a run of a job asks for, done: each resolves when it has ended, and rejects with what stood in the way.
import type { OperationView } from '../protocol/api.ts'
import { invariant } from '../protocol/invariant.ts'
import type { WorkAction } from './core/schedule-state.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ScheduleHost } from './schedule-host.ts'
import type { SnapshotDesk } from './snapshot-desk.ts'
import type { Verifier } from './verifier.ts'
import { NotAllTheSameError } from './verify-errors.ts'

export interface ScheduleWorkOptions {
  readonly host: Pick<ScheduleHost, 'tell' | 'drillSwitchover'>
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly snapshots: Pick<SnapshotDesk, 'takeFrom'>
  readonly verifier: Pick<Verifier, 'run'>
}

/** For all databases of a node; a server that is compacted answers nobody meanwhile, and is given up as hung long before. */
const COMPACT_DEADLINE_MS = 300_000
const THE_SCHEDULE = 'the schedule'

export function createScheduleWork ({ host, links, snapshots, verifier }: ScheduleWorkOptions): (action: WorkAction) => Promise<OperationView | null> {
  async function compact (node: string, as: 'active' | 'backup'): Promise<null> {
    const link = links.find(one => one.node === node)
    invariant(link !== undefined, 'every data node has a link')
    const { databases } = await link.compact({ as, deadlineMs: COMPACT_DEADLINE_MS })
    for (const one of databases) host.tell('databaseCompacted', 'info', node, `${one.database} of ${one.server} on ${node} was compacted from ${one.beforeBytes} to ${one.afterBytes} bytes in ${one.durationMs.toFixed(0)} ms`, { ...one })
    return null
  }

  return async action => {
    const actor = action.by ?? THE_SCHEDULE
    switch (action.type) {
      case 'compact': return await compact(action.node, action.as)
      case 'snapshot':
        await snapshots.takeFrom(action.node, action.as, actor, '')
        return null
      case 'verify': {
        const found = await verifier.run({}, actor)
        if (found.outcome !== 'same') throw new NotAllTheSameError(found)
        return null
      }
      case 'switchover': return await host.drillSwitchover(action.to, actor, action.reason)
    }
  }
}
