import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { SnapshotDesk } from '../../../../controller/snapshot-desk.ts'
import { snapshotOf } from '../snapshot-views.ts'
import { setUpApi, TOKENS } from './api-fixture.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function setUp (t: TestContext) {
  const calls: unknown[] = []
  const desk: SnapshotDesk = {
    async take (...call) { calls.push(['take', ...call]); return snapshotOf('n2') },
    takeFrom: async () => snapshotOf('n2'),
    list: async () => ({ snapshots: [snapshotOf('n2')], problems: ['n3 did not answer'] }),
    async verify (...call) { calls.push(['verify', ...call]); return { snapshot: snapshotOf('n2'), problems: [] } }
  }
  return { calls, ...await setUpApi(t, { tokens: TOKENS, snapshots: new Map([['ovn', desk]]) }) }
}

test('a viewer sees the snapshots and takes none; an operator takes and verifies, under a name', async t => {
  const { app, calls, post, lines } = await setUp(t)
  const list = await app.inject({ method: 'GET', url: '/v1/clusters/ovn/snapshots', headers: bearer('viewer-secret') })
  assert.deepEqual([list.statusCode, list.json().problems], [200, ['n3 did not answer']])
  for (const path of ['snapshots', 'snapshots/20260102-033000-n2/verify']) assert.equal((await post(`/v1/clusters/ovn/${path}`, {}, bearer('viewer-secret'))).status, 403)
  assert.deepEqual(calls, [])
  const taken = await post('/v1/clusters/ovn/snapshots', { reason: 'before the upgrade' }, bearer('operator-secret'))
  assert.deepEqual([taken.status, taken.body.id], [200, '20260102-033000-n2'])
  assert.equal((await post('/v1/clusters/ovn/snapshots/20260102-033000-n2/verify', undefined, bearer('operator-secret'))).status, 200)
  assert.deepEqual(calls, [['take', 'ann', 'before the upgrade'], ['verify', '20260102-033000-n2', 'ann']])
  assert.ok(lines.some(line => line.audit === true && line.actor === 'ann' && line.action === 'POST /v1/clusters/:cluster/snapshots'))
})

test('an id that is none, an unknown key and an unknown cluster are refused', async t => {
  const { post, calls } = await setUp(t)
  const ask = async (path: string, body: object) => (await post(path, body, bearer('operator-secret'))).status
  assert.deepEqual([
    await ask('/v1/clusters/ovn/snapshots/..%2F..%2Fetc/verify', {}),
    await ask('/v1/clusters/ovn/snapshots', { resaon: 'x' }),
    await ask('/v1/clusters/nowhere/snapshots', {})
  ], [400, 400, 404])
  assert.deepEqual(calls, [])
})
