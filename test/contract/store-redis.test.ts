// What goes wrong with Redis, on real processes: each time a typed error that says what to do, and nothing hangs.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { Store } from '../../controller/store/store.ts'
import { answers, createRedisStores, NOBODY, refuses } from './redis-stores.ts'
import type { RedisProcess } from './redis-processes.ts'
import { appendTo, historyEntry } from './store-fixtures.ts'
import { eventually, leads, TAKE } from './store-suite.ts'

const PASSWORD = 'do-not-print-me'
const PAUSED = { version: 1, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' } }

const { redis, storeOn, readyStoreOn, end, remove } = createRedisStores()
afterEach(end)
after(remove)

describe('one Redis in trouble', () => {
  test('a wrong password is told as such, and appears in no error', async () => {
    const one = await redis(`requirepass ${PASSWORD}-right`)
    const store = await storeOn([one], { access: { ...NOBODY, password: PASSWORD } })
    await refuses(store, /WRONGPASS|NOAUTH/)
    await assert.rejects(store.intent('ovn'), (error: Error & { code: string, hint: string }) => {
      assert.equal(error.code, 'OVSDB_HA_STORE_REFUSED')
      assert.match(error.hint, /passwordFile/)
      assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), new RegExp(PASSWORD))
      return true
    })
  })

  test('a replica, a full memory and a failing disk are told by their words, each with what helps', async () => {
    const one = await redis()
    const store = await storeOn([one])
    await answers(store)
    await one.cli('config', 'set', 'maxmemory', '1')
    await assert.rejects(store.setIntent('ovn', PAUSED), { code: 'OVSDB_HA_STORE_REFUSED', message: /OOM/, hint: /maxmemory/ })
    await one.cli('config', 'set', 'maxmemory', '0')
    await one.cli('replicaof', '127.0.0.1', '1')
    await refuses(store, /READONLY/)
    await assert.rejects(store.setIntent('ovn', PAUSED), { code: /OVSDB_HA_STORE_(REFUSED|UNAVAILABLE)/, hint: /Redis|sentinel/ })
    await one.cli('replicaof', 'no', 'one')
    await eventually('it stores again', () => store.setIntent('ovn', PAUSED).then(() => true, () => false))
  })

  test('a Redis that reads its data set says so, and is used as soon as it has', async () => {
    const one = await redis('key-load-delay 1000', 'loading-process-events-interval-bytes 1024')
    await one.cli('eval', 'for i = 1, 2000 do redis.call("SET", "key" .. i, string.rep("x", 100)) end', '0')
    await one.cli('save')
    const store = await storeOn([one])
    await answers(store)
    await one.kill()
    await one.start()
    await refuses(store, /LOADING/)
    await assert.rejects(store.setIntent('ovn', PAUSED), { code: 'OVSDB_HA_STORE_REFUSED', hint: /passes by itself/ })
    await answers(store)
    assert.deepEqual(await store.intent('ovn'), { version: 0, paused: null })
  })

  test('a Redis that cannot save to its disk takes nothing, and says why', async () => {
    const place = await mkdtemp(join(tmpdir(), 'ovsdb-ha-redis-gone-'))
    const one = await redis('save 3600 1000000', `dir ${place}`)
    const store = await storeOn([one])
    await answers(store)
    await rm(place, { recursive: true })
    await one.cli('bgsave')
    await eventually('the save failed', async () => /rdb_last_bgsave_status:err/.test(await one.cli('info', 'persistence')))
    await assert.rejects(store.setIntent('ovn', PAUSED), { code: 'OVSDB_HA_STORE_REFUSED', message: /MISCONF/, hint: /disk/ })
  })

  test('a process that is stopped makes every call end in its time, and is used again when it goes on', async () => {
    const one = await redis()
    const store = await storeOn([one])
    await answers(store)
    one.signal('SIGSTOP')
    const calls = [store.lead('ovn', 'c1', TAKE), store.intent('ovn'), store.setIntent('ovn', PAUSED), store.memory('ovn'), appendTo(store), store.history({ limit: 1 }), store.resign('ovn', 'c1')]
    for (const outcome of await Promise.allSettled(calls)) {
      assert.equal(outcome.status, 'rejected')
      assert.equal(outcome.reason.code, 'OVSDB_HA_STORE_UNAVAILABLE')
    }
    one.signal('SIGCONT')
    await answers(store)
  })

  test('a process that is killed is dialled again; nothing that was refused meanwhile is done later', async () => {
    const one = await redis()
    const store = await storeOn([one])
    await answers(store)
    await one.kill()
    await assert.rejects(store.setIntent('ovn', PAUSED), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
    await one.start()
    await answers(store)
    assert.deepEqual(await store.intent('ovn'), { version: 0, paused: null })
  })

  test('after FLUSHALL everything is gone and everything works; whoever leads goes on, and nobody else may lead before that has run out', async () => {
    const one = await redis()
    const store = await readyStoreOn([one])
    const other = await storeOn([one])
    await answers(other)
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    await appendTo(store)
    await one.cli('flushall')
    await one.cli('script', 'flush')
    assert.equal((await store.intent('ovn')).version, 0)
    assert.deepEqual(await other.lead('ovn', 'c2', TAKE), { leads: false, leader: null })
    assert.partialDeepStrictEqual(await store.lead('ovn', 'c1', { ttlMs: 60_000, want: 'keep' }), { leads: true, restored: true })
    assert.partialDeepStrictEqual(await store.lead('ovn', 'c1', { ttlMs: 60_000, want: 'keep' }), { leads: true, restored: false })
    assert.deepEqual(await other.lead('ovn', 'c2', TAKE), { leads: false, leader: 'c1' })
    const entry = await appendTo(store)
    assert.deepEqual(await store.history({ limit: 10 }), [entry])
  })

  test('a Redis that comes back without its data lets nobody new lead before the leadership of before has run out by the leader\'s clock', async () => {
    const one = await redis()
    const [store, other] = [await readyStoreOn([one]), await storeOn([one])]
    await answers(other)
    const first = await store.lead('ovn', 'c1', { ttlMs: 1_500, want: 'take' })
    assert.ok(first.leads)
    await one.kill()
    await one.start()
    await eventually('c2 leads', async () => await other.lead('ovn', 'c2', { ttlMs: 1_500, want: 'take' }).then(leads, () => false))
    assert.ok(performance.now() > first.untilMs, 'the leader had given up before')
  })
})

describe('three Redis in trouble', () => {
  let three: readonly RedisProcess[]
  let store: Store
  let other: Store
  async function threeStores (): Promise<void> {
    three = await Promise.all([redis(), redis(), redis()])
    store = await readyStoreOn(three)
    other = await readyStoreOn(three)
  }

  test('one that is killed and one that hangs: each alone changes nothing; both together refuse', async () => {
    await threeStores()
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    await three[0]?.kill()
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    assert.deepEqual(await other.lead('ovn', 'c2', TAKE), { leads: false, leader: 'c1' })
    assert.deepEqual(await other.intent('ovn'), PAUSED)
    three[1]?.signal('SIGSTOP')
    await assert.rejects(store.lead('ovn', 'c1', TAKE), { code: 'OVSDB_HA_STORE_NO_MAJORITY' })
    await assert.rejects(other.intent('ovn'), { code: 'OVSDB_HA_STORE_NO_MAJORITY', message: /^1 of 3/ })
    await three[0]?.start()
    await eventually('two of three are enough again', () => store.lead('ovn', 'c1', { ttlMs: 60_000, want: 'keep' }).then(leads, () => false))
    assert.deepEqual(await store.intent('ovn'), PAUSED)
  })

  test('one that forgot everything gives nobody a second leader, and the newest of a majority is read', async () => {
    await threeStores()
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    const entry = await appendTo(store)
    await three[2]?.cli('flushall')
    assert.equal(leads(await other.lead('ovn', 'c2', TAKE)), false)
    assert.ok(leads(await store.lead('ovn', 'c1', { ttlMs: 60_000, want: 'keep' })))
    await three[2]?.cli('flushall')
    assert.deepEqual(await other.intent('ovn'), PAUSED)
    assert.deepEqual(await other.entry(entry.id), entry)
  })

  test('a happening that two controllers told, each to another majority, is read once: as it was told first', async () => {
    await threeStores()
    const tell = (teller: Store, message: string) => teller.append(historyEntry({ id: teller.nextEntryId(), happening: 'ovn/n1/boot/7', message }))
    await three[2]?.kill()
    assert.equal(await tell(store, 'first'), true)
    await three[2]?.start()
    await three[0]?.kill()
    await eventually('the third answers again', async () => await other.setMemory('ovn', { term: 1, active: 'n1', sequence: 0 }).then(() => true, () => false))
    assert.equal(await tell(other, 'second'), true, 'one of its majority had not heard of it')
    // the first is still away: it would come back empty, and be half of a majority that never heard of it
    assert.deepEqual((await other.history({ limit: 10 })).map(({ message }) => message), ['first'])
    await three[0]?.start()
  })

  test('two that come back empty, one after the other, do not make a second leader (the copies of a majority are gone)', async () => {
    await threeStores()
    const first = await store.lead('ovn', 'c1', { ttlMs: 1_500, want: 'take' })
    assert.ok(first.leads)
    for (const one of three.slice(0, 2)) {
      await one.kill()
      await one.start()
    }
    await eventually('c2 leads', async () => await other.lead('ovn', 'c2', { ttlMs: 1_500, want: 'take' }).then(leads, () => false))
    assert.ok(performance.now() > first.untilMs, 'the leader had given up before')
  })
})
