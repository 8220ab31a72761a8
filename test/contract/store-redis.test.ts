// What goes wrong with Redis, on real processes: each time a typed error that says what to do, and nothing hangs.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { createRedisStore, type RedisStoreOptions } from '../../controller/store/redis.ts'
import type { Store } from '../../controller/store/store.ts'
import { createRedisDirectory, redisProcess, type RedisProcess } from './redis-processes.ts'
import { appendTo } from './store-fixtures.ts'
import { eventually, leads } from './store-suite.ts'

const NOBODY = { username: null, password: null, tls: null }
const TAKE = { ttlMs: 60_000, take: true } as const
const PASSWORD = 'do-not-print-me'
const PAUSED = { version: 1, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' } }

const directory = await createRedisDirectory()
after(directory.remove)
const running: RedisProcess[] = []
const open: Store[] = []

async function redis (...lines: readonly string[]): Promise<RedisProcess> {
  const made = await redisProcess(directory.path, lines)
  running.push(made)
  await made.start()
  return made
}

async function storeOn (processes: readonly RedisProcess[], over: Partial<RedisStoreOptions> = {}): Promise<Store> {
  const store = createRedisStore({ servers: processes.map(({ server }) => server), access: NOBODY, prefix: 'test:', part: open.length, commandTimeoutMs: 400, ...over })
  open.push(store)
  await store.open()
  return store
}

/** Whatever it answers, it answers: connected. */
const answers = (store: Store) => eventually('it answers', () => store.intent('any').then(() => true, () => false))
const refuses = (store: Store, word: RegExp) => eventually(`it says ${word}`, () => store.setIntent('any', PAUSED).then(() => false, (error: Error) => word.test(error.message)))

afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
  await Promise.all(running.splice(0).map(one => one.kill()))
})

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
    await one.cli('replicaof', 'no', 'one')
    await eventually('it stores again', () => store.setIntent('ovn', PAUSED).then(() => true, () => false))
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

  test('after FLUSHALL everything is gone and everything works: scripts, leadership, history', async () => {
    const one = await redis()
    const store = await storeOn([one])
    await answers(store)
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    await appendTo(store)
    await one.cli('flushall')
    await one.cli('script', 'flush')
    assert.equal((await store.intent('ovn')).version, 0)
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    const entry = await appendTo(store)
    assert.deepEqual(await store.history({ limit: 10 }), [entry])
  })
})

describe('three Redis in trouble', () => {
  let three: readonly RedisProcess[]
  let store: Store
  let other: Store
  async function threeStores (): Promise<void> {
    three = await Promise.all([redis(), redis(), redis()])
    store = await storeOn(three)
    other = await storeOn(three)
    await Promise.all([answers(store), answers(other)])
    await eventually('all are connected', async () => leads(await store.lead('warm', 'c1', TAKE)))
  }
  before(() => { assert.equal(running.length, 0) })

  test('one that is killed and one that hangs: each alone changes nothing; both together refuse', async () => {
    await threeStores()
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    await three[0]?.kill()
    assert.ok(leads(await store.lead('ovn', 'c1', { ...TAKE, take: true })))
    assert.deepEqual(await other.lead('ovn', 'c2', TAKE), { leads: false, leader: 'c1' })
    assert.deepEqual(await other.intent('ovn'), PAUSED)
    three[1]?.signal('SIGSTOP')
    await assert.rejects(store.lead('ovn', 'c1', TAKE), { code: 'OVSDB_HA_STORE_NO_MAJORITY' })
    await assert.rejects(other.intent('ovn'), { code: 'OVSDB_HA_STORE_NO_MAJORITY', message: /^1 of 3/ })
  })

  test('one that forgot everything gives nobody a second leader, and the newest of a majority is read', async () => {
    await threeStores()
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.setIntent('ovn', PAUSED)
    const entry = await appendTo(store)
    await three[2]?.cli('flushall')
    assert.equal(leads(await other.lead('ovn', 'c2', TAKE)), false)
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await three[2]?.cli('flushall')
    assert.deepEqual(await other.intent('ovn'), PAUSED)
    assert.deepEqual(await other.entry(entry.id), entry)
  })
})
