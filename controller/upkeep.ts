// What is done for a cluster's data beside deciding who serves: its snapshots, and its jobs at set times.
import type { Logger } from 'pino'
import type { ClusterConfig } from '../protocol/cluster.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { ScheduleDesk } from './schedule-desk.ts'
import type { ScheduleHost } from './schedule-host.ts'
import { createScheduler } from './scheduler.ts'
import { createSnapshotDesk, type SnapshotDesk } from './snapshot-desk.ts'

export interface UpkeepOptions {
  readonly cluster: ClusterConfig
  readonly host: ScheduleHost
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly metrics: ControllerMetrics
  readonly logger: Logger
}

export interface Upkeep {
  readonly cluster: string
  readonly snapshots: SnapshotDesk
  readonly scheduler: ScheduleDesk
  start (): Promise<void>
  stop (): Promise<void>
}

export function createUpkeep ({ cluster, host, links, metrics, logger }: UpkeepOptions): Upkeep {
  const snapshots = createSnapshotDesk({ host, links, metrics })
  const scheduler = createScheduler({ cluster, host, links, snapshots, metrics, logger })
  return {
    cluster: cluster.name,
    snapshots,
    scheduler,
    start: scheduler.start,
    async stop () {
      await scheduler.stop()
      await Promise.all(links.map(link => link.stop()))
    }
  }
}
