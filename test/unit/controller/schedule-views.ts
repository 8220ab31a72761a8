import type { SchedulesView } from '../../../protocol/schedule.ts'

/** A drill that failed, a compaction that runs, and snapshots without a schedule. */
export function schedulesView (over: Partial<SchedulesView> = {}): SchedulesView {
  return {
    timezone: 'UTC',
    schedules: [
      { job: 'snapshot', cron: null, next: null, waiting: null, running: null, last: { at: '2026-01-01T05:00:00.000Z', by: 'ann', outcome: 'done', message: 'taken from n2', durationMs: 2_500 } },
      { job: 'compaction', cron: '30 3 * * *', next: '2026-01-03T03:30:00.000Z', waiting: null, running: { at: '2026-01-02T03:30:00.000Z', by: null }, last: null },
      { job: 'drill', cron: '0 4 1 * *', next: '2026-02-01T04:00:00.000Z', waiting: { at: '2026-01-02T04:00:00.000Z', by: null }, running: null, last: { at: '2026-01-01T04:00:00.000Z', by: null, outcome: 'missed', message: 'the drill of 2026-01-01T04:00:00.000Z did not happen: the cluster is paused by ann', durationMs: null } }
    ],
    ...over
  }
}
