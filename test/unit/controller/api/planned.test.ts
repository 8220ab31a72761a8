import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpApi, TOKENS } from './api-fixture.ts'

const PATH = '/v1/clusters/ovn/planned-switchovers'
const AT = '2999-01-01T00:00:00Z'

test('one is planned, listed to viewers in the order of their times, and cancelled by its id', async t => {
  const { app, post, cluster } = await setUpApi(t, { tokens: TOKENS })
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  assert.equal((await post(PATH, { at: AT }, as('viewer-secret'))).status, 403)
  const { status, body } = await post(PATH, { at: AT, to: 'n2', reason: 'new kernel' }, as('operator-secret'))
  assert.deepEqual([status, body.id, body.by], [201, 's7', 'ann'])
  cluster.change({ planned: [...cluster.planned(), { ...body, id: 's8', at: '2998-01-01T00:00:00Z' }] })
  const list = await app.inject({ method: 'GET', url: PATH, headers: as('viewer-secret') })
  assert.deepEqual(list.json().planned.map(({ id }: { readonly id: string }) => id), ['s8', 's7'])
  assert.equal((await post(`${PATH}/s7/cancel`, {}, as('viewer-secret'))).status, 403)
  assert.deepEqual((await post(`${PATH}/s7/cancel`, {}, as('operator-secret'))).body.planned.map(({ id }: { readonly id: string }) => id), ['s8'])
  assert.deepEqual(cluster.calls, [['plan', { at: AT, to: 'n2', reason: 'new kernel' }, 'ann'], ['cancelPlan', 's7', 'ann']])
})

test('what is no time, or no bound, is refused by its field', async t => {
  const { post, cluster } = await setUpApi(t)
  for (const [body, field] of [[{}, /at/], [{ at: 3 }, /at/], [{ at: AT, withinMs: 1 }, /withinMs/], [{ at: AT, late: true }, /late is not known/]] as const) {
    const { status, body: error } = await post(PATH, body)
    assert.deepEqual([status, error.code], [400, 'OVSDB_HA_BAD_REQUEST'])
    assert.match(error.message, field)
  }
  assert.deepEqual(cluster.calls, [])
})

test('a preview changes nothing, and says how long the last switchovers took', async t => {
  const { get, cluster } = await setUpApi(t)
  const { status, body } = await get('/v1/clusters/ovn/switchover/preview?to=n3')
  assert.deepEqual([status, body.to, body.outage], [200, 'n3', { measuredAttempts: 0, medianMs: null, maxMs: null, undoneAfterMs: 2_000 }])
  assert.deepEqual(cluster.calls, [])
  assert.equal((await get('/v1/clusters/ovn/switchover/preview?from=n3')).status, 400)
})
