import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpApi, TOKENS } from './api-fixture.ts'

const PATH = '/v1/clusters/ovn/nodes/n2/preference'

test('what is wanted of which node, for how long and by whom is passed on, and the cluster answered', async t => {
  const { post, cluster } = await setUpApi(t)
  assert.equal((await post(PATH, { preference: 'never', forMs: 60_000, reason: 'old disk' })).body.name, 'ovn')
  assert.deepEqual(cluster.calls, [['prefer', 'n2', { preference: 'never', forMs: 60_000, reason: 'old disk' }, 'local']])
})

test('it is for operators, and what is no preference is refused by its field', async t => {
  const { post, cluster } = await setUpApi(t, { tokens: TOKENS })
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  assert.equal((await post(PATH, { preference: 'avoid' }, as('viewer-secret'))).status, 403)
  for (const [body, field] of [[{}, /preference/], [{ preference: 'rather' }, /preference/], [{ preference: 'avoid', forMs: 1 }, /forMs/], [{ preference: 'avoid', ever: true }, /ever is not known/]] as const) {
    const { status, body: error } = await post(PATH, body, as('operator-secret'))
    assert.deepEqual([status, error.code], [400, 'OVSDB_HA_BAD_REQUEST'])
    assert.match(error.message, field)
  }
  assert.deepEqual(cluster.calls, [])
})
