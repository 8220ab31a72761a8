import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createTimetable } from '../../../../controller/schedule/timetable.ts'
import type { SchedulesConfig } from '../../../../protocol/cluster.ts'

const NONE: SchedulesConfig = { timezone: 'UTC', jitterMs: 0, startWithinMs: 60_000, snapshot: null, audit: null, compaction: null, drill: null }
/** Six fields, with seconds: cluster.yaml has no such schedule, and a test does not wait for minutes. */
const EACH_SECOND = '* * * * * *'

function timetable (t: TestContext, schedules: Partial<SchedulesConfig>) {
  const [due, overslept] = [Promise.withResolvers<readonly unknown[]>(), Promise.withResolvers<readonly unknown[]>()]
  const one = createTimetable({ ...NONE, ...schedules }, { onDue: (...said) => due.resolve(said), onOverslept: (...said) => overslept.resolve(said) })
  t.after(() => one.stop())
  return { ...one, due: due.promise, overslept: overslept.promise }
}

test('a job comes at its time, and the time after it is told with it', { timeout: 10_000 }, async t => {
  const one = timetable(t, { drill: { cron: EACH_SECOND, stayMs: 1 } })
  assert.deepEqual(one.jobs, ['drill'])
  await one.start()
  const [job, at, next] = await one.due
  assert.equal(job, 'drill')
  assert.match(String(at), /:\d\d\.000Z$/)
  assert.ok(Date.parse(String(next)) > Date.parse(String(at)))
})

test('times are those of the time zone, told in UTC; a job without a schedule never comes', t => {
  const hourOf = (timezone: string): number => {
    const { compaction, drill } = timetable(t, { timezone, compaction: { cron: '30 3 * * *', quietForMs: 1 } }).next()
    assert.equal(drill, undefined)
    return new Date(compaction ?? '').getUTCHours()
  }
  assert.equal(hourOf('UTC'), 3)
  assert.equal(hourOf('Asia/Tokyo'), 18)
})

test('a time at which this process did not run is told as such', { timeout: 20_000 }, async t => {
  const one = timetable(t, { compaction: { cron: EACH_SECOND, quietForMs: 1 } })
  await one.start()
  await one.due
  const untilMs = performance.now() + 3_500
  while (performance.now() < untilMs) { /* nothing else runs meanwhile: that is what it is about */ }
  const [job, at] = await one.overslept
  assert.equal(job, 'compaction')
  assert.ok(Date.parse(String(at)) < Date.now())
})
