import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troubledRuns, viewSchedules } from '../../../../controller/core/schedule-kept.ts'
import type { KeptSchedules } from '../../../../controller/core/schedule-state.ts'
import { AT, NEXT, SCHEDULES } from './schedule-harness.ts'

const last = (outcome: 'done' | 'failed' | 'missed') => ({ at: AT, by: null, outcome, message: `it was ${outcome}`, durationMs: null })
const KEPT: KeptSchedules = {
  next: { compaction: NEXT, drill: AT },
  waiting: [{ job: 'compaction', at: AT, by: null }],
  running: { job: 'drill', at: AT, by: 'ann', home: 'n1' },
  last: { snapshot: last('done'), compaction: last('missed'), drill: last('failed') }
}

test('every job is listed: what the leader kept of it, and no next time of one without a schedule', () => {
  assert.deepEqual(viewSchedules({ ...SCHEDULES, snapshot: null }, { ...KEPT, next: { ...KEPT.next, snapshot: NEXT } }, { drill: NEXT }), {
    timezone: 'UTC',
    schedules: [
      { job: 'snapshot', cron: null, next: null, waiting: null, running: null, last: last('done') },
      { job: 'audit', cron: '30 3 * * *', next: null, waiting: null, running: null, last: null },
      { job: 'compaction', cron: '30 3 * * *', next: NEXT, waiting: { at: AT, by: null }, running: null, last: last('missed') },
      { job: 'drill', cron: '30 3 * * *', next: AT, waiting: null, running: { at: AT, by: 'ann' }, last: last('failed') }
    ]
  })
})

test('where nobody has kept anything, the timetable of this controller says when a job comes', () => {
  const { schedules } = viewSchedules(SCHEDULES, null, { drill: NEXT })
  assert.deepEqual(schedules.map(({ job, next, last: was }) => [job, next, was]), [['snapshot', null, null], ['audit', null, null], ['compaction', null, null], ['drill', NEXT, null]])
})

test('only jobs whose last run failed or was missed are troubled', () => {
  assert.deepEqual(troubledRuns(KEPT).map(({ job, outcome, message }) => [job, outcome, message]), [['compaction', 'missed', 'it was missed'], ['drill', 'failed', 'it was failed']])
  assert.deepEqual(troubledRuns(null), [])
})
