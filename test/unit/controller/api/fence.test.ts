import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpApi, TOKENS } from './api-fixture.ts'

const OF = '/v1/clusters/ovn/nodes/n2'

test('fence, unfence and confirm-off pass on the node, what was asked and by whom, and answer with the cluster', async t => {
  const { post, cluster } = await setUpApi(t)
  assert.equal((await post(`${OF}/fence`, { force: true, reason: 'smoke' })).body.name, 'ovn')
  assert.equal((await post(`${OF}/unfence`)).status, 200)
  assert.equal((await post(`${OF}/confirm-off`, { reason: 'pulled' })).status, 200)
  assert.deepEqual(cluster.calls, [['fence', 'n2', { force: true, reason: 'smoke' }, 'local'], ['unfence', 'n2', {}, 'local'], ['confirmOff', 'n2', { reason: 'pulled' }, 'local']])
})

test('a confirmation needs a reason: it is what the history will say', async t => {
  const { post, cluster } = await setUpApi(t)
  assert.equal((await post(`${OF}/confirm-off`)).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.deepEqual(cluster.calls, [])
})

test('power is for admins; an admin may do what operators and viewers may', async t => {
  const { post, cluster } = await setUpApi(t, { tokens: TOKENS })
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  for (const action of ['fence', 'unfence', 'confirm-off']) {
    const { status, body } = await post(`${OF}/${action}`, { reason: 'x' }, as('operator-secret'))
    assert.deepEqual([status, body.message], [403, 'ann is an operator and may not do this'])
  }
  assert.equal((await post(`${OF}/fence`, {}, as('admin-secret'))).status, 200)
  assert.equal((await post('/v1/clusters/ovn/pause', {}, as('admin-secret'))).status, 200)
  assert.deepEqual(cluster.calls.map(call => (call as readonly unknown[])[0]), ['fence', 'pause'])
})
