import type { IntentKeeper } from './intent-keeper.ts'
import type { ScheduleHost, UpgradeHost } from './schedule-host.ts'

type UpkeepMemory = Pick<ScheduleHost, 'keptSchedules' | 'keepSchedules'> & UpgradeHost

/** What jobs and planned restarts keep beside the operators' intent, for the next leader. `onSchedules`: the view shows them. */
export function createUpkeepMemory ({ kept, keep }: Pick<IntentKeeper, 'kept' | 'keep'>, onSchedules: () => void): UpkeepMemory {
  return {
    keptSchedules: () => kept().schedules ?? null,
    keepSchedules (schedules) {
      keep({ schedules })
      onSchedules()
    },
    keptUpgrade: () => kept().upgrade ?? null,
    keepUpgrade: upgrade => keep({ upgrade })
  }
}
