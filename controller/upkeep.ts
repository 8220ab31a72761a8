// What is done for a cluster's data beside deciding who serves: its snapshots, comparisons, its jobs at set times, planned restarts, and
// the switchovers that operators planned.
import type { Logger } from 'pino'
import type { ClusterConfig } from '../protocol/cluster.ts'
import type { MaintenanceLink, RescueLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import { createPlanner } from './planner.ts'
import { createRestoreDesk, type RestoreDesk } from './restore-desk.ts'
import type { ScheduleDesk } from './schedule-desk.ts'
import type { PlanHost, ScheduleHost } from './schedule-host.ts'
import { createUpgradeDesk, type UpgradeDesk } from './upgrade-desk.ts'
import { createUpgrader, type UpgraderOptions } from './upgrader.ts'
import { createScheduler } from './scheduler.ts'
import { createSnapshotDesk, type SnapshotDesk } from './snapshot-desk.ts'
import { createVerifier, type Verifier } from './verifier.ts'

export interface UpkeepOptions {
  readonly cluster: ClusterConfig
  readonly host: ScheduleHost & PlanHost & UpgraderOptions['host']
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  /** One per data node; what they are used for besides has them stopped elsewhere. */
  readonly replayLinks: readonly RescueLink[]
  readonly metrics: ControllerMetrics
  readonly logger: Logger
}

export interface Upkeep {
  readonly cluster: string
  readonly snapshots: SnapshotDesk
  readonly scheduler: ScheduleDesk
  readonly upgrades: UpgradeDesk
  readonly verifier: Verifier
  readonly restores: RestoreDesk
  start (): Promise<void>
  stop (): Promise<void>
}

export function createUpkeep ({ cluster, host, links, replayLinks, metrics, logger }: UpkeepOptions): Upkeep {
  const snapshots = createSnapshotDesk({ host, links, metrics })
  const upgrader = createUpgrader({ cluster, host, links, metrics, logger })
  const verifier = createVerifier({ cluster, host, links, metrics })
  const scheduler = createScheduler({ cluster, host, links, snapshots, verifier, metrics, logger })
  const planner = createPlanner({ host, logger: logger.child({ cluster: cluster.name }) })
  return {
    cluster: cluster.name,
    snapshots,
    scheduler,
    upgrades: createUpgradeDesk(upgrader, { cluster, host, links, snapshots }),
    verifier,
    restores: createRestoreDesk({ cluster, host, snapshots, verifier, links, replayLinks, metrics }),
    async start () {
      upgrader.start()
      planner.start()
      await scheduler.start()
    },
    async stop () {
      upgrader.stop()
      planner.stop()
      await scheduler.stop()
      await Promise.all(links.map(link => link.stop()))
    }
  }
}
