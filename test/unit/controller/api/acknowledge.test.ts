import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpApi, TOKENS } from './api-fixture.ts'

const PATH = '/v1/clusters/ovn/acknowledge'

test('one failover or all of them: what was asked and by whom is passed on, and the cluster answered', async t => {
  const { post, cluster } = await setUpApi(t)
  assert.equal((await post(PATH)).body.name, 'ovn')
  assert.equal((await post(PATH, { failoverTerm: 12, reason: 'new memory' })).status, 200)
  assert.deepEqual(cluster.calls, [['acknowledge', {}, 'local'], ['acknowledge', { failoverTerm: 12, reason: 'new memory' }, 'local']])
})

test('it is for operators, and a failover is a number', async t => {
  const { post, cluster } = await setUpApi(t, { tokens: TOKENS })
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  assert.equal((await post(PATH, {}, as('viewer-secret'))).status, 403)
  assert.equal((await post(PATH, { failoverTerm: 'last' }, as('operator-secret'))).body.code, 'OVSDB_HA_BAD_REQUEST')
  assert.equal((await post(PATH, {}, as('operator-secret'))).status, 200)
  assert.equal(cluster.calls.length, 1)
})
