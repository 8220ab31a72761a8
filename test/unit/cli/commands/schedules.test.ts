import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ScheduleRefusedError } from '../../../../controller/schedule-errors.ts'
import type { ScheduleDesk } from '../../../../controller/schedule-desk.ts'
import type { LastRun, SchedulesView } from '../../../../protocol/schedule.ts'
import { setUpApi } from '../../controller/api/api-fixture.ts'
import { schedulesView } from '../../controller/schedule-views.ts'
import { assertFailed, runCli } from '../cli-fixture.ts'

const AT = '2026-01-02T05:00:00.000Z'

/** The job runs for one look, and has then ended so. */
async function controller (t: TestContext, how: Pick<LastRun, 'outcome' | 'message'> = { outcome: 'done', message: 'there and back' }) {
  const asked: string[] = []
  let looks = 0
  const desk: ScheduleDesk = {
    view: (): SchedulesView => asked.length === 0
      ? schedulesView()
      : schedulesView({ schedules: [{ job: 'drill', cron: null, next: null, waiting: null, running: looks++ === 0 ? { at: AT, by: 'anonymous' } : null, last: looks === 1 ? null : { at: AT, by: 'ann', durationMs: 1_250, ...how } }] }),
    run (job) {
      if (job === 'compaction') throw new ScheduleRefusedError('ovn', job, 'a drill runs')
      asked.push(job)
      return { job, at: AT }
    }
  }
  const { app } = await setUpApi(t, { schedules: new Map([['ovn', desk]]) })
  return { server: await app.listen({ host: '127.0.0.1', port: 0 }), asked }
}

test('schedules lists every job with its next and its last run', async t => {
  const { server } = await controller(t)
  const list = await runCli(['schedules'], { server })
  assert.equal(list.code, 0, list.err)
  const [titles, snapshot] = list.out.split('\n')
  assert.equal(titles, 'JOB         CRON        NEXT                     NOW    LAST')
  assert.ok(snapshot?.startsWith('snapshot    none        -                        -      done, 2026-01-01 05:00:00 UTC, by ann'), snapshot)
  assert.ok(list.out.split('\n').includes('compaction  30 3 * * *  2026-01-03 03:30:00 UTC  runs   -'), list.out)
  assert.match(list.out.replaceAll(/\s+/g, ' '), /2\.50 s: taken from n2 .*drill 0 4 1 \* \* 2026-02-01 04:00:00 UTC waits missed, 2026-01-01 04:00:00 UTC: the drill of 2026-01-01T04:00:00.000Z did not happen: the cluster is paused by ann/)
  assert.deepEqual(JSON.parse((await runCli(['schedules', 'list', '--cluster', 'ovn', '-o', 'json'], { server })).out), schedulesView())
})

test('schedules run waits for the end, and ends with 1 when it was none that was wanted', async t => {
  const good = await controller(t)
  assert.deepEqual(await runCli(['schedules', 'run', 'drill'], { server: good.server }), { code: 0, out: 'done, 2026-01-02 05:00:00 UTC, by ann, 1.25 s: there and back', err: '' })
  assert.deepEqual(good.asked, ['drill'])
  const bad = await controller(t, { outcome: 'failed', message: 'it stays on n2' })
  const failed = await runCli(['schedules', 'run', 'drill'], { server: bad.server })
  assert.deepEqual([failed.code, failed.out], [1, 'failed, 2026-01-02 05:00:00 UTC, by ann, 1.25 s: it stays on n2'])
})

test('schedules run --no-wait tells that it has begun; a refusal and an unknown job are told', async t => {
  const { server } = await controller(t)
  assert.deepEqual(await runCli(['schedules', 'run', 'snapshot', '--no-wait'], { server }), { code: 0, out: 'the snapshot has begun: "ovsdb-ha schedules" tells its end', err: '' })
  assertFailed(await runCli(['schedules', 'run', 'compaction'], { server }), 1, /a compaction cannot begin: a drill runs/)
  assertFailed(await runCli(['schedules', 'run', 'restore'], { server }), 2, /Allowed choices are snapshot, audit, compaction, drill/)
})
