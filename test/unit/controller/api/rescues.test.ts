import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RescueDesk } from '../../../../controller/rescue-desk.ts'
import { replayPlan, RESCUE, rescueDiff, rescueView } from '../rescue-views.ts'
import { setUpApi, TOKENS } from './api-fixture.ts'

const OF = '/v1/clusters/ovn/rescues'
const as = (token: string) => ({ authorization: `Bearer ${token}-secret` })

function memoryDesk () {
  const calls: unknown[] = []
  const desk: RescueDesk = {
    list: async () => ({ nodes: [{ node: 'n1', problem: null, rescues: [rescueView()], freeBytes: 5 }] }),
    show: async () => rescueView(),
    async acknowledge (...call) { calls.push(['acknowledge', ...call]); return rescueView() },
    async remove (...call) { calls.push(['remove', ...call]); return rescueView() },
    async diff (...call) { calls.push(['diff', ...call]); return rescueDiff() },
    async compareCopies (to) { calls.push(['compareCopies', to]); return { to, sources: [] } },
    async apply (...call) { calls.push(['apply', ...call]); return { applied: true, plan: replayPlan() } }
  }
  return { calls, rescues: new Map([['ovn', desk]]) }
}

test('rescues are listed and shown, and what is asked of one goes to its desk with the name of the operator', async t => {
  const { calls, rescues } = memoryDesk()
  const { get, post } = await setUpApi(t, { rescues })
  assert.equal((await get(OF)).body.nodes[0].rescues[0].id, RESCUE)
  assert.deepEqual((await get(`${OF}/${RESCUE}`)).body, rescueView())
  assert.equal((await post(`${OF}/${RESCUE}/diff`, { kind: 'missing' })).status, 200)
  assert.equal((await post(`${OF}/${RESCUE}/acknowledge`, { reason: 'seen' })).status, 200)
  assert.equal((await post(`${OF}/${RESCUE}/remove`, { force: true })).status, 200)
  assert.equal((await post(`${OF}/${RESCUE}/apply`, { rows: ['11111111'] })).body.applied, true)
  assert.deepEqual(calls, [
    ['diff', RESCUE, { kind: 'missing' }],
    ['acknowledge', RESCUE, { reason: 'seen' }, 'local'],
    ['remove', RESCUE, { force: true }, 'local'],
    ['apply', RESCUE, { rows: ['11111111'] }, 'local']
  ])
})

test('before a node is forced its copy is compared with the others, for operators: rows are data', async t => {
  const { calls, rescues } = memoryDesk()
  const { post } = await setUpApi(t, { rescues, tokens: TOKENS })
  const path = '/v1/clusters/ovn/failover/compare'
  assert.equal((await post(path, { to: 'n2' }, as('viewer'))).status, 403)
  assert.deepEqual((await post(path, { to: 'n2' }, as('operator'))).body, { to: 'n2', sources: [] })
  assert.equal((await post(path, {}, as('operator'))).status, 400)
  assert.deepEqual(calls, [['compareCopies', 'n2']])
})

test('that there is a rescue is for viewers; what is in it, and what becomes of it, is for operators, and is in the audit log', async t => {
  const { calls, rescues } = memoryDesk()
  const { app, post, lines } = await setUpApi(t, { rescues, tokens: TOKENS })
  assert.equal((await app.inject({ url: OF, headers: as('viewer') })).statusCode, 200)
  for (const what of ['diff', 'acknowledge', 'remove', 'apply']) {
    assert.equal((await post(`${OF}/${RESCUE}/${what}`, {}, as('viewer'))).status, 403)
    assert.equal((await post(`${OF}/${RESCUE}/${what}`, {}, as('operator'))).status, 200)
  }
  assert.equal(calls.length, 4)
  assert.ok(lines.some(({ audit, actor, action }) => audit === true && actor === 'ann' && action === `POST ${OF.replace('ovn', ':cluster')}/:id/apply`))
})

test('what makes no sense is refused by name: ids, kinds, uuids, unknown keys, unknown clusters', async t => {
  const { calls, rescues } = memoryDesk()
  const { get, post } = await setUpApi(t, { rescues })
  assert.equal((await get(`${OF}/../x`)).status, 404)
  assert.equal((await get(`${OF}/n1-zzzz`)).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await post(`${OF}/${RESCUE}/diff`, { kind: 'other' })).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await post(`${OF}/${RESCUE}/apply`, { rows: ['x'] })).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await post(`${OF}/${RESCUE}/apply`, { everything: true })).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await get('/v1/clusters/nope/rescues')).body.code, 'OVSDB_HA_CLUSTER_UNKNOWN')
  assert.deepEqual(calls, [])
})
