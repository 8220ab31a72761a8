import type { ClusterView, OperationView, Severity } from '../protocol/api.ts'
import type { PlannedSwitchover } from '../protocol/planned.ts'
import type { Facts } from './core/actions.ts'
import type { ComparedNode } from './core/differing.ts'
import type { KeptSchedules } from './core/schedule-state.ts'
import type { Upgrade } from './core/upgrade-state.ts'

/** What the jobs of a cluster need of its leader. */
export interface ScheduleHost {
  readonly name: string
  view (): ClusterView
  /** Calls back on each change of the view; returns how to stop. */
  follow (onChange: (view: ClusterView) => void): () => void
  /** Whether this controller still leads, also by the clock. */
  leads (): boolean
  /** As an operator's switchover, and acknowledges nothing; rejects when it is refused. */
  drillSwitchover (to: string | null, actor: string, reason: string): Promise<OperationView>
  /** Into history and log. */
  tell (kind: string, severity: Severity, node: string | null, message: string, facts: Facts): void
  /** Backups were compared with the active: what was found is shown as long as it holds. */
  compared (found: readonly ComparedNode[]): void
  /** What this leader, or the one before, knew; null where nobody ever did. */
  keptSchedules (): KeptSchedules | null
  keepSchedules (kept: KeptSchedules): void
}

/** What the switchovers that operators planned need of it. */
export interface PlanHost extends Pick<ScheduleHost, 'view' | 'follow' | 'tell'> {
  /** `follow` tells of changes. */
  planned (): readonly PlannedSwitchover[]
  /** Marks it in the store, then orders it in the name of whoever planned it; rejects when either is refused. */
  runPlanned (plan: PlannedSwitchover): Promise<OperationView>
  /** Takes it out of the store. */
  closePlanned (id: string): Promise<void>
}

/** What a planned restart keeps in the store, known to every controller that follows the cluster. */
export interface UpgradeHost {
  keptUpgrade (): Upgrade | null
  keepUpgrade (upgrade: Upgrade | null): void
}
