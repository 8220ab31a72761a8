import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpApi, TOKENS } from './api-fixture.ts'

const OF = '/v1/clusters/ovn/voters/n4'

test('adding and removing pass on the node, the reason and by whom, and answer with the cluster', async t => {
  const { post, cluster } = await setUpApi(t)
  assert.equal((await post(`${OF}/add`, { reason: 'new rack' })).body.name, 'ovn')
  assert.equal((await post(`${OF}/remove`)).status, 200)
  assert.deepEqual(cluster.calls, [['changeVoters', 'add', 'n4', { reason: 'new rack' }, 'local'], ['changeVoters', 'remove', 'n4', {}, 'local']])
})

test('a quorum is forced only with the name of the cluster typed once more, and with a reason', async t => {
  const { post, cluster } = await setUpApi(t)
  const force = '/v1/clusters/ovn/quorum/force'
  assert.equal((await post(force, { voters: ['n2'], confirm: 'yes', reason: 'fire' })).body.code, 'OVSDB_HA_NOT_CONFIRMED')
  assert.equal((await post(force, { voters: ['n2'], confirm: 'ovn' })).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await post(force, { voters: [], confirm: 'ovn', reason: 'fire' })).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.deepEqual(cluster.calls, [])
  const body = { voters: ['n2'], confirm: 'ovn', reason: 'fire' }
  assert.equal((await post(force, body)).status, 200)
  assert.deepEqual(cluster.calls, [['forceQuorum', body, 'local']])
})

test('who votes is for admins to change, and nothing else than add and remove is known', async t => {
  const { post, cluster } = await setUpApi(t, { tokens: TOKENS })
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  for (const change of ['add', 'remove']) assert.equal((await post(`${OF}/${change}`, {}, as('operator-secret'))).status, 403)
  assert.equal((await post(`${OF}/replace`, {}, as('admin-secret'))).status, 404)
  assert.equal((await post(`${OF}/add`, { force: true }, as('admin-secret'))).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.deepEqual(cluster.calls, [])
})
