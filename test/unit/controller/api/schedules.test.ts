import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CommandRefusedError } from '../../../../controller/command-errors.ts'
import { ScheduleRefusedError } from '../../../../controller/schedule-errors.ts'
import type { ScheduleDesk } from '../../../../controller/schedule-desk.ts'
import { schedulesView } from '../schedule-views.ts'
import { setUpApi, TOKENS } from './api-fixture.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function setUp (t: TestContext, refusal: Error | null = null) {
  const calls: unknown[] = []
  const desk: ScheduleDesk = {
    view: () => schedulesView(),
    run (job, actor) {
      calls.push([job, actor])
      if (refusal !== null) throw refusal
      return { job, at: '2026-01-02T05:00:00.000Z' }
    }
  }
  return { calls, ...await setUpApi(t, { tokens: TOKENS, schedules: new Map([['ovn', desk]]) }) }
}

test('a viewer sees the jobs and runs none; an operator runs one, under a name', async t => {
  const { app, calls, post, lines } = await setUp(t)
  const list = await app.inject({ method: 'GET', url: '/v1/clusters/ovn/schedules', headers: bearer('viewer-secret') })
  assert.deepEqual([list.statusCode, list.json()], [200, schedulesView()])
  assert.equal((await post('/v1/clusters/ovn/schedules/drill/run', {}, bearer('viewer-secret'))).status, 403)
  assert.deepEqual(calls, [])
  const run = await post('/v1/clusters/ovn/schedules/drill/run', undefined, bearer('operator-secret'))
  assert.deepEqual([run.status, run.body], [202, { job: 'drill', at: '2026-01-02T05:00:00.000Z' }])
  assert.deepEqual(calls, [['drill', 'ann']])
  assert.ok(lines.some(line => line.audit === true && line.actor === 'ann' && line.action === 'POST /v1/clusters/:cluster/schedules/:job/run'))
})

test('an unknown job, an unknown key and an unknown cluster are refused, and so is what cannot begin, or is for the leader', async t => {
  const { post, calls } = await setUp(t)
  const ask = async (path: string, body: object) => (await post(path, body, bearer('operator-secret'))).status
  assert.deepEqual([
    await ask('/v1/clusters/ovn/schedules/restore/run', {}),
    await ask('/v1/clusters/ovn/schedules/drill/run', { resaon: 'x' }),
    await ask('/v1/clusters/nowhere/schedules/drill/run', {})
  ], [400, 400, 404])
  assert.deepEqual(calls, [])
  const busy = await setUp(t, new ScheduleRefusedError('ovn', 'drill', 'a compaction runs'))
  const refused = await busy.post('/v1/clusters/ovn/schedules/drill/run', {}, bearer('operator-secret'))
  assert.deepEqual([refused.status, refused.body.code, refused.body.message], [409, 'OVSDB_HA_SCHEDULE_REFUSED', 'a drill cannot begin: a compaction runs'])
  const follower = await setUp(t, new CommandRefusedError('ovn', { kind: 'notLeading' }, { name: 'c2', url: null }))
  assert.equal((await follower.post('/v1/clusters/ovn/schedules/drill/run', {}, bearer('operator-secret'))).body.leader?.name, 'c2')
})
