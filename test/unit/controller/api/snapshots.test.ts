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

test('a restore is an admin\'s, and overwrites only when the name of the cluster is typed; a dry run needs no name', async t => {
  const calls: unknown[] = []
  const reply = { snapshot: '20260102-033000-n2', active: 'n1', takenAt: '2026-01-02T03:30:00.000Z', dryRun: true, databases: [], before: null, backups: null }
  const { post } = await setUpApi(t, { tokens: TOKENS, restores: new Map([['ovn', { async restore (...call) { calls.push(call); return reply } }]]) })
  const ask = async (body: object, token = 'admin-secret') => {
    const { status, body: answer } = await post('/v1/clusters/ovn/snapshots/20260102-033000-n2/restore', body, bearer(token))
    return [status, answer.code ?? answer.active]
  }
  assert.deepEqual(await ask({ dryRun: true }, 'operator-secret'), [403, 'OVSDB_HA_NOT_ALLOWED'])
  for (const body of [{}, { confirm: 'ovm' }, { dryRun: false }]) assert.deepEqual(await ask(body), [409, 'OVSDB_HA_NOT_CONFIRMED'])
  assert.deepEqual(calls, [])
  assert.deepEqual(await ask({ dryRun: true }), [200, 'n1'])
  assert.deepEqual(await ask({ confirm: 'ovn', reason: 'x' }), [200, 'n1'])
  assert.deepEqual(calls, [['20260102-033000-n2', { dryRun: true }, 'root'], ['20260102-033000-n2', { confirm: 'ovn', reason: 'x' }, 'root']])
})
