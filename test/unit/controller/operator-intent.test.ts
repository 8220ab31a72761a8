import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIntentKeeper } from '../../../controller/intent-keeper.ts'
import { preferencesFrom } from '../../../controller/kept.ts'
import { createOperatorIntent } from '../../../controller/operator-intent.ts'
import type { StoredPreferences } from '../../../controller/store/store.ts'
import { fakeStore } from './fake-store.ts'

function desk ({ leads = true } = {}) {
  const store = fakeStore()
  const told: Array<readonly [kind: string, node: string | null, message: string]> = []
  const changes: unknown[] = []
  const intents = createIntentKeeper({ cluster: 'ovn', store, onChange: wanted => changes.push(wanted), onRestored: () => { /* nobody is told */ }, onFailed: () => { /* as above */ } })
  const operator = createOperatorIntent({ cluster: 'ovn', dataNodes: ['n1', 'n2'], intents, leads: () => leads, otherLeader: () => null, tell: (kind, _severity, node, message) => told.push([kind, node, message]) })
  const stored = (): StoredPreferences => store.stored.preferences ?? {}
  return { store, told, changes, intents, operator, stored }
}

test('a preference is stored with its author before it is told, beside the others and the pause', async () => {
  const { operator, told, store, stored } = desk()
  await operator.pause({ reason: 'racks' }, 'bob')
  await operator.prefer('n2', { preference: 'avoid', reason: 'old disk' }, 'ann')
  await operator.prefer('n1', { preference: 'prefer' }, 'ann')
  assert.deepEqual(Object.entries(stored()).map(([node, { preference, by, reason, until }]) => [node, preference, by, reason, until]), [['n2', 'avoid', 'ann', 'old disk', null], ['n1', 'prefer', 'ann', '', null]])
  assert.equal(store.stored.paused?.by, 'bob')
  assert.deepEqual(told.at(-2), ['preferenceSet', 'n2', 'ann set n2 to "avoid": old disk'])
})

test('two that come at the same moment are both kept, and a later one takes the place of the one before', async () => {
  const { operator, stored, changes } = desk()
  await Promise.all([operator.prefer('n1', { preference: 'never' }, 'ann'), operator.prefer('n2', { preference: 'avoid' }, 'bob')])
  assert.deepEqual(Object.keys(stored()), ['n1', 'n2'])
  await operator.prefer('n1', { preference: 'prefer' }, 'bob')
  assert.deepEqual([stored().n1?.preference, stored().n1?.by, changes.length], ['prefer', 'bob', 3])
  await operator.prefer('n1', { preference: 'neutral' }, 'ann')
  assert.deepEqual(Object.keys(stored()), ['n2'])
})

test('an end is a time to come, kept in UTC; what is over goes with the next change', async () => {
  const { operator, stored, store, intents } = desk()
  const beforeMs = Date.now()
  await operator.prefer('n1', { preference: 'never', forMs: 7_200_000 }, 'ann')
  const endMs = Date.parse(stored().n1?.until ?? '')
  assert.ok(endMs >= beforeMs + 7_200_000 && endMs <= Date.now() + 7_200_000)
  await operator.prefer('n2', { preference: 'avoid', until: new Date(endMs).toISOString().replace('Z', '+00:00') }, 'ann')
  assert.equal(stored().n2?.until, new Date(endMs).toISOString())
  store.stored = { ...store.stored, version: 9, preferences: { ...stored(), n1: { preference: 'never', by: 'ann', at: '', reason: '', until: '2020-01-01T00:00:00.000Z' } } }
  await intents.refresh(false)
  await operator.prefer('n2', { preference: 'neutral' }, 'ann')
  assert.deepEqual(stored(), {})
})

test('on the monotonic clock the end is as far away as on the wall', () => {
  const until = new Date(Date.now() + 60_000).toISOString()
  const [{ untilMs } = { untilMs: null }] = Object.values(preferencesFrom({ n1: { preference: 'never', by: '', at: '', reason: '', until }, n2: { preference: 'avoid', by: '', at: '', reason: '', until: null } }))
  assert.ok(untilMs !== null && Math.abs(untilMs - performance.now() - 60_000) < 1_000)
  const past = preferencesFrom({ n1: { preference: 'never', by: '', at: '', reason: '', until: '2020-01-01T00:00:00.000Z' } })
  assert.ok((past.n1?.untilMs ?? Infinity) < performance.now(), 'one that is over is over')
})

for (const [what, node, body, error] of [
  ['an unknown node', 'n9', { preference: 'avoid' }, { code: 'OVSDB_HA_UNKNOWN_NODE', httpStatus: 404 }],
  ['an end that has passed', 'n1', { preference: 'avoid', until: '2020-01-01T00:00:00Z' }, { code: 'OVSDB_HA_REQUEST_WRONG', httpStatus: 400, message: /^until: 2020-01-01T00:00:00Z has passed/ }],
  ['an end without an offset', 'n1', { preference: 'avoid', until: '2999-01-01T00:00:00' }, { code: 'OVSDB_HA_REQUEST_WRONG', message: /^until: "2999-01-01T00:00:00" is no time/ }],
  ['an end that is too far away', 'n1', { preference: 'avoid', until: '2999-01-01T00:00:00Z' }, { code: 'OVSDB_HA_REQUEST_WRONG', message: /is more than 366 days away$/ }],
  ['two ends', 'n1', { preference: 'avoid', forMs: 1_000, until: '2999-01-01T00:00:00Z' }, { code: 'OVSDB_HA_REQUEST_WRONG', message: /one of forMs and until/ }],
  ['an end of neutral', 'n1', { preference: 'neutral', forMs: 1_000 }, { code: 'OVSDB_HA_REQUEST_WRONG', message: /neutral/ }]
] as const) {
  test(`${what} is refused by name, and nothing is stored`, async () => {
    const { operator, store, told } = desk()
    await assert.rejects(operator.prefer(node, body, 'ann'), error)
    assert.deepEqual([store.calls, told], [[], []])
  })
}

test('who does not lead stores nothing', async () => {
  const { operator, store } = desk({ leads: false })
  await assert.rejects(operator.prefer('n1', { preference: 'avoid' }, 'ann'), { code: 'OVSDB_HA_NOT_LEADING' })
  assert.deepEqual(store.calls, [])
})

test('a preference that the store does not take is refused, and nothing is told', async () => {
  const { operator, store, told, intents } = desk()
  store.mode = 'rejects'
  await assert.rejects(operator.prefer('n1', { preference: 'never' }, 'ann'), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
  assert.deepEqual([told, intents.wanted().preferences], [[], {}])
})

const soon = (aheadMs = 3_600_000) => new Date(Date.now() + aheadMs).toISOString()

test('a planned switchover is stored with its author, its bound and an id of its own before it is told', async () => {
  const { operator, store, told } = desk()
  const at = soon()
  const one = await operator.plan({ at, to: 'n2', reason: 'new kernel' }, 'ann')
  const two = await operator.plan({ at: at.replace('Z', '+00:00'), withinMs: 5_000 }, 'bob')
  assert.deepEqual(store.stored.planned, [one, two])
  assert.deepEqual([one.by, one.to, one.withinMs, one.begunAt, two.at, two.withinMs, one.id === two.id], ['ann', 'n2', 60_000, null, at, 5_000, false])
  assert.deepEqual(told.map(([kind, , message]) => [kind, message])[0], ['switchoverPlanned', `ann planned a switchover to n2 for ${at}: new kernel`])
})

test('one that waits can be cancelled; one that has begun, or is not there, is refused', async () => {
  const { operator, store, told } = desk()
  const { id } = await operator.plan({ at: soon() }, 'ann')
  await assert.rejects(operator.cancelPlan('s99', 'bob'), { code: 'OVSDB_HA_PLAN_UNKNOWN', httpStatus: 404 })
  await operator.markPlanned(id, '2026-01-02T03:04:05.678Z')
  assert.equal(store.stored.planned?.[0]?.begunAt, '2026-01-02T03:04:05.678Z')
  await assert.rejects(operator.cancelPlan(id, 'bob'), { code: 'OVSDB_HA_PLAN_UNKNOWN', httpStatus: 409, message: /has begun at/ })
  await operator.closePlanned(id)
  await assert.rejects(operator.markPlanned(id, '2026-01-02T03:04:05.678Z'), { code: 'OVSDB_HA_PLAN_UNKNOWN' }, 'who was cancelled at the last moment is not begun')
  const other = await operator.plan({ at: soon() }, 'ann')
  await operator.cancelPlan(other.id, 'bob')
  assert.deepEqual([store.stored.planned, told.at(-1)?.[0]], [[], 'switchoverCancelled'])
})

test('a time that has passed, another node and more than anybody plans are refused, and nothing is stored', async () => {
  const { operator, store } = desk()
  await assert.rejects(operator.plan({ at: '2020-01-01T00:00:00Z' }, 'ann'), { code: 'OVSDB_HA_REQUEST_WRONG', message: /^at: .* has passed/ })
  await assert.rejects(operator.plan({ at: soon(), to: 'w1' }, 'ann'), { code: 'OVSDB_HA_UNKNOWN_NODE' })
  assert.deepEqual(store.calls, [])
  for (let count = 0; count < 16; count++) await operator.plan({ at: soon() }, 'ann')
  await assert.rejects(operator.plan({ at: soon() }, 'ann'), { code: 'OVSDB_HA_REQUEST_WRONG', message: /limit: cancel one/ })
  assert.equal(store.stored.planned?.length, 16)
})
