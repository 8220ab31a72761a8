// The contract of the Store port: one suite for every adapter, over the real thing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Leadership, Store } from '../../controller/store/store.ts'
import { appendTo, historyEntry } from './store-fixtures.ts'

export interface StoreAdapter {
  readonly name: string
  /** Several processes may have it open: leadership goes from one to another. */
  readonly shared: boolean
  /** Before the first test, and after the last. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** A place of its own with nothing in it; each call of the result is another store on that place. */
  readonly place: () => (historyMax?: number) => Store
}

const HAPPENING = 'ovn/n1/boot/7'

export const TAKE = { ttlMs: 60_000, want: 'take' } as const
const STAY = { ttlMs: 60_000, want: 'look' } as const

export async function eventually (what: string, condition: () => Promise<boolean>, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!await condition()) {
    assert.ok(performance.now() < deadline, `within ${deadlineMs} ms: ${what}`)
    await new Promise(resolve => setImmediate(resolve)) // what answers at once would let nothing else run
  }
}

export const leads = ({ leads }: Leadership): boolean => leads

/** An instance with nothing in it may have forgotten: it lets nobody lead for as long as it was first asked for. */
export async function settle (store: Store): Promise<void> {
  await store.lead('settling', 'test', { ttlMs: 1, want: 'look' }).catch(() => undefined)
  await eventually('somebody may lead', async () => leads(await store.lead('settling', 'test', { ttlMs: 1_000, want: 'take' })))
  await store.resign('settling', 'test')
}

export function describeStore (adapter: StoreAdapter): void {
  describe(`store contract: ${adapter.name}`, () => {
    before(adapter.start)
    after(adapter.stop)

    async function opened (body: (store: Store, another: (historyMax?: number) => Store) => Promise<void>, historyMax?: number): Promise<void> {
      const another = adapter.place()
      const store = another(historyMax)
      await store.open()
      try {
        await body(store, another)
      } finally {
        await store.close()
      }
    }

    /** Two processes on one place. */
    async function both (body: (one: Store, two: Store) => Promise<void>): Promise<void> {
      await opened(async (one, another) => {
        const two = another()
        await two.open()
        try {
          await body(one, two)
        } finally {
          await two.close()
        }
      })
    }

    if (adapter.shared) describeLeadership(both)
    describeContents(opened, both, adapter.shared)
  })
}

function describeLeadership (both: (body: (one: Store, two: Store) => Promise<void>) => Promise<void>): void {
  test('a cluster has one leader at a time, and the leader stays it by asking again', () => both(async (one, two) => {
    const beforeMs = performance.now()
    const first = await one.lead('ovn', 'c1', TAKE)
    assert.ok(first.leads && first.untilMs > beforeMs + 55_000 && first.untilMs < beforeMs + TAKE.ttlMs, 'until, counted from before it asked and with a margin')
    assert.deepEqual(await two.lead('ovn', 'c2', TAKE), { leads: false, leader: 'c1' })
    const again = await one.lead('ovn', 'c1', STAY)
    assert.ok(again.leads && again.untilMs > first.untilMs)
  }))

  test('who only wants to stay the leader does not take what is free', () => both(async (one, two) => {
    assert.deepEqual(await one.lead('ovn', 'c1', STAY), { leads: false, leader: null })
    assert.ok(leads(await two.lead('ovn', 'c2', TAKE)))
  }))

  test('of many that take at once, one gets it', () => both(async (one, two) => {
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all([one.lead(`c${round}`, 'c1', TAKE), two.lead(`c${round}`, 'c2', TAKE)])
      assert.ok(answers.filter(leads).length <= 1)
      await eventually('one gets it', async () => leads(await one.lead(`c${round}`, 'c1', TAKE)) || leads(await two.lead(`c${round}`, 'c2', TAKE)))
    }
  }))

  test('leadership is per cluster', () => both(async (one, two) => {
    assert.ok(leads(await one.lead('ovn', 'c1', TAKE)))
    assert.ok(leads(await two.lead('vtep', 'c2', TAKE)))
  }))

  test('leadership that is not renewed ends by itself, and not before the leader counts it as over', () => both(async (one, two) => {
    const first = await one.lead('ovn', 'c1', { ttlMs: 300, want: 'take' })
    assert.ok(first.leads)
    await eventually('c2 leads', async () => leads(await two.lead('ovn', 'c2', TAKE)))
    assert.ok(performance.now() > first.untilMs, 'the leader had given up before')
    assert.deepEqual(await one.lead('ovn', 'c1', TAKE), { leads: false, leader: 'c2' })
  }))

  test('a second process of the same name does not lead beside the first', () => both(async (one, two) => {
    assert.ok(leads(await one.lead('ovn', 'c1', TAKE)))
    assert.deepEqual(await two.lead('ovn', 'c1', TAKE), { leads: false, leader: 'c1' })
    await two.resign('ovn', 'c1')
    assert.ok(leads(await one.lead('ovn', 'c1', STAY)))
  }))

  test('a leader that resigns is followed at once; a resignation of somebody else changes nothing', () => both(async (one, two) => {
    await one.lead('ovn', 'c1', TAKE)
    await two.resign('ovn', 'c2')
    assert.equal(leads(await two.lead('ovn', 'c2', TAKE)), false)
    await one.resign('ovn', 'c1')
    assert.ok(leads(await two.lead('ovn', 'c2', TAKE)))
  }))

  test('ids of entries differ between processes, also within a moment', () => both(async (one, two) => {
    const ids = Array.from({ length: 2_000 }, () => [one.nextEntryId(), two.nextEntryId()]).flat()
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every(Number.isSafeInteger))
  }))
}

type Opened = (body: (store: Store, another: (historyMax?: number) => Store) => Promise<void>, historyMax?: number) => Promise<void>

function describeContents (opened: Opened, both: (body: (one: Store, two: Store) => Promise<void>) => Promise<void>, shared: boolean): void {
  test('intent and memory are per cluster and survive a restart', () => opened(async (store, another) => {
    assert.deepEqual(await store.intent('ovn'), { version: 0, paused: null })
    assert.equal(await store.memory('ovn'), null)
    const intent = { version: 3, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: 'moving racks, it\'s 5°' } }
    await store.setIntent('ovn', { version: 1, paused: null })
    await store.setIntent('ovn', intent)
    await store.setMemory('ovn', { term: 6, active: 'n2', sequence: 10 })
    await store.setMemory('ovn', { term: 7, active: 'n1', sequence: 42 })
    await store.close()
    const again = another()
    await again.open()
    try {
      assert.deepEqual(await again.intent('ovn'), intent)
      assert.deepEqual(await again.memory('ovn'), { term: 7, active: 'n1', sequence: 42 })
      assert.deepEqual(await again.intent('vtep'), { version: 0, paused: null })
      assert.equal(await again.memory('vtep'), null)
    } finally {
      await again.close()
    }
  }))

  test('an intent that is not newer than the stored one is refused, and nothing changes', () => opened(async store => {
    const paused = { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' }
    await store.setIntent('ovn', { version: 2, paused })
    for (const version of [1, 2]) await assert.rejects(store.setIntent('ovn', { version, paused: null }), { code: 'OVSDB_HA_STORE_CONFLICT', httpStatus: 409, cluster: 'ovn' })
    assert.deepEqual(await store.intent('ovn'), { version: 2, paused })
  }))

  test('memory never goes back: an older one, told late, changes nothing', () => opened(async store => {
    await store.setMemory('ovn', { term: 7, active: 'n1', sequence: 42 })
    await store.setMemory('ovn', { term: 6, active: 'n2', sequence: 99 })
    await store.setMemory('ovn', { term: 7, active: 'n1', sequence: 41 })
    assert.deepEqual(await store.memory('ovn'), { term: 7, active: 'n1', sequence: 42 })
    await store.setMemory('ovn', { term: 8, active: 'n2', sequence: 0 })
    assert.deepEqual(await store.memory('ovn'), { term: 8, active: 'n2', sequence: 0 })
  }))

  test('history comes newest first, with growing ids, limited, before an id, and for one cluster or all', () => opened(async store => {
    const entries = []
    for (const [index, cluster] of ['ovn', 'vtep', 'ovn', 'ovn'].entries()) entries.push(await appendTo(store, { cluster, message: `m${index + 1}` }))
    const [id1, id2, id3, id4] = entries.map(({ id }) => id) as [number, number, number, number]
    assert.ok(id1 < id2 && id2 < id3 && id3 < id4)
    assert.deepEqual((await store.history({ limit: 10 })).toReversed(), entries)
    const ids = async (query: Parameters<Store['history']>[0]) => (await store.history(query)).map(entry => entry.id)
    assert.deepEqual(await ids({ limit: 10 }), [id4, id3, id2, id1])
    assert.deepEqual(await ids({ limit: 2 }), [id4, id3])
    assert.deepEqual(await ids({ limit: 10, before: id3 }), [id2, id1])
    assert.deepEqual(await ids({ limit: 10, cluster: 'ovn' }), [id4, id3, id1])
    assert.deepEqual(await ids({ limit: 1, cluster: 'ovn', before: id3 }), [id1])
    assert.deepEqual(await ids({ limit: 10, cluster: 'other' }), [])
    assert.equal((await store.entry(id2))?.cluster, 'vtep')
    assert.equal(await store.entry(id4 + 1), null)
  }))

  test('an entry that is appended again is there once, as it was', () => opened(async store => {
    const entry = await appendTo(store)
    await store.append(entry)
    await store.append({ ...entry, message: 'told otherwise' })
    assert.deepEqual(await store.history({ limit: 10 }), [entry])
    assert.deepEqual(await store.entry(entry.id), entry)
  }))

  test('a happening has one entry, the first that tells of it; entries of no happening are not taken for one', () => opened(async store => {
    const first = await appendTo(store, { happening: HAPPENING })
    assert.equal(await store.append(first), true, 'whose answer was lost')
    const again = historyEntry({ id: store.nextEntryId(), happening: HAPPENING, message: 'told by another controller' })
    assert.equal(await store.append(again), false)
    const others = []
    for (const happening of ['ovn/n1/boot/8', undefined, undefined]) others.push(await appendTo(store, happening === undefined ? {} : { happening }))
    assert.deepEqual((await store.history({ limit: 10 })).toReversed(), [first, ...others])
    assert.equal((await store.history({ cluster: 'ovn', limit: 10 })).length, 4)
    assert.equal(await store.entry(again.id), null)
  }))

  test('a happening is remembered for as long as its entry, and no longer: what is kept of it is bounded too', () => opened(async store => {
    const first = await appendTo(store, { happening: HAPPENING })
    for (let index = 0; index < 3; index++) await appendTo(store)
    assert.equal(await store.entry(first.id), null)
    const again = await appendTo(store, { happening: HAPPENING })
    assert.deepEqual(await store.entry(again.id), again)
  }, 3))

  test('entries appended at once are all there', () => opened(async store => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => appendTo(store, { message: `m${index}` })))
    assert.equal(new Set((await store.history({ limit: 100 })).map(({ id }) => id)).size, 50)
  }))

  test('history is bounded: the oldest entries go, and ids are never used again', () => opened(async (store, another) => {
    const ids = []
    for (let index = 0; index < 5; index++) ids.push((await appendTo(store)).id)
    assert.deepEqual((await store.history({ limit: 10 })).map(entry => entry.id), ids.slice(2).toReversed())
    assert.deepEqual((await store.history({ limit: 10, cluster: 'ovn' })).map(entry => entry.id), ids.slice(2).toReversed())
    assert.equal(await store.entry(ids[1] ?? 0), null)
    await store.close()
    const again = another(3)
    await again.open()
    if (!shared) assert.ok(again.nextEntryId() > (ids[4] ?? 0))
    await again.close()
  }, 3))

  test('a store that is not open rejects, and does not wait', () => opened(async (_, another) => {
    await assert.rejects(another().intent('ovn'), { code: 'OVSDB_HA_STORE_UNAVAILABLE', message: /not open/ })
  }))

  if (!shared) return
  test('what one process stored, another one reads', () => both(async (one, two) => {
    await one.setIntent('ovn', { version: 1, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' } })
    await one.setMemory('ovn', { term: 7, active: 'n1', sequence: 42 })
    const entry = historyEntry({ id: one.nextEntryId() })
    await one.append(entry)
    assert.equal((await two.intent('ovn')).paused?.by, 'ann')
    assert.equal((await two.memory('ovn'))?.sequence, 42)
    assert.deepEqual(await two.entry(entry.id), entry)
  }))
}
