import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIntentKeeper } from '../../../controller/intent-keeper.ts'
import { fromStore, toStore } from '../../../controller/kept.ts'
import type { StoredRecoveries } from '../../../controller/store/store.ts'
import { fakeStore, type FakeStore } from './fake-store.ts'

const PAUSED = { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' }
const kept = (term: number): StoredRecoveries => ({ countedTerm: term, open: [{ term, failed: 'n1', to: 'n2', why: 'x', at: '2026-01-02T03:04:05.678Z' }] })
const MARKS = { n1: { at: '2026-01-02T03:04:05.678Z', by: 'ann', why: 'x', sworn: true } }

function keeper (store: FakeStore) {
  const failed: unknown[] = []
  return { ...createIntentKeeper({ cluster: 'ovn', store, onChange: () => { /* nobody follows */ }, onRestored: () => { /* nobody is told */ }, onFailed: error => failed.push(error) }), failed }
}

async function settled (): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

test('what is kept reaches the store beside what operators want, and neither takes the other\'s place', async () => {
  const store = fakeStore()
  const one = keeper(store)
  one.keep({ recoveries: kept(5) })
  const paused = one.set(() => ({ paused: PAUSED })) // at the same moment: the second write comes after the first
  one.keep({ recoveries: kept(6) })
  one.keep({ marks: MARKS })
  await paused
  await settled()
  assert.deepEqual([store.stored.paused, store.stored.recoveries, one.failed], [PAUSED, kept(6), []])
  assert.deepEqual(store.stored.marks, MARKS)
  const next = keeper(store)
  await next.refresh(false)
  assert.deepEqual([next.wanted().paused, next.kept().recoveries], [PAUSED, kept(6)], 'the next leader knows it')
})

test('what the store does not take is told once and given again when it answers; until then it is known here', async () => {
  const store = fakeStore({ mode: 'rejects' })
  const one = keeper(store)
  one.keep({ recoveries: kept(5) })
  await settled()
  assert.equal(one.failed.length, 1)
  assert.deepEqual(one.kept().recoveries, kept(5))
  store.mode = 'answers'
  await one.refresh(true)
  await settled()
  assert.deepEqual(store.stored.recoveries, kept(5))
})

test('what another leader wrote since takes the place of what could not be stored', async () => {
  const store = fakeStore({ mode: 'rejects' })
  const one = keeper(store)
  one.keep({ recoveries: kept(5) })
  await settled()
  store.mode = 'answers'
  store.stored = { version: 9, paused: null, recoveries: kept(8) }
  await one.refresh(false)
  assert.deepEqual(one.kept().recoveries, kept(8))
})

test('a store that forgot is told again what counts', async () => {
  const store = fakeStore()
  const one = keeper(store)
  one.keep({ recoveries: kept(5) })
  await settled()
  store.stored = { version: 0, paused: null }
  await one.refresh(true)
  assert.deepEqual(store.stored.recoveries, kept(5))
})

test('times go through the store by the wall clock, and one that is still to come counts as now', () => {
  const atMs = performance.now() - 60_000
  const { recoveries, marks, differing } = fromStore(toStore({
    recoveries: { countedTerm: 5, open: [{ term: 5, failed: 'n1', to: 'n2', why: 'x', atMs }] },
    marks: { n1: { atMs, by: 'ann', why: 'x', sworn: true } },
    differing: { n2: { atMs, message: 'x' } }
  }))
  for (const readMs of [recoveries?.open[0]?.atMs, marks?.n1?.atMs, differing?.n2?.atMs]) assert.ok(Math.abs((readMs ?? 0) - atMs) < 100)
  const [future] = fromStore({ recoveries: { countedTerm: 5, open: [{ term: 5, failed: 'n1', to: 'n2', why: 'x', at: '2999-01-01T00:00:00Z' }] } }).recoveries?.open ?? []
  assert.ok(future !== undefined && future.atMs <= performance.now())
})
