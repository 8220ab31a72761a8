// Answers of Redis that are late or lost: a command has one second (here 400 ms), is never kept for later and never sent twice.
import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import type { Store } from '../../controller/store/store.ts'
import { instanceAt, type RedisProcess } from './redis-processes.ts'
import { answers, COMMAND_TIMEOUT_MS, createRedisStores } from './redis-stores.ts'
import { createRelay, type Relay } from './relay.ts'
import { eventually, leads, settle, TAKE } from './store-suite.ts'

const PAUSED = { version: 1, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' } }

const { redis, storeOn, storeAt, end, remove } = createRedisStores()
const relays: Relay[] = []
afterEach(async () => {
  await end()
  for (const relay of relays.splice(0)) await relay.close()
})
after(remove)

async function behindRelay (): Promise<{ one: RedisProcess, relay: Relay, store: Store }> {
  const one = await redis()
  const relay = await createRelay(one.port)
  relays.push(relay)
  const store = await storeAt([instanceAt(relay.port)])
  await answers(store)
  await settle(store)
  return { one, relay, store }
}

/** How often that script ran, whoever asked for it. */
async function runs (one: RedisProcess): Promise<number> {
  const counted = await one.cli('info', 'commandstats')
  return [...counted.matchAll(/^cmdstat_(?:evalsha|eval):calls=(\d+),.*?failed_calls=(\d+)/gm)].reduce((sum, [, calls, failed]) => sum + Number(calls) - Number(failed), 0)
}

describe('late and lost answers of Redis', () => {
  test('an answer just within the time-out counts, and leadership from when it was asked for, not from the answer', async () => {
    const { relay, store } = await behindRelay()
    relay.answersAfterMs = COMMAND_TIMEOUT_MS * 3 / 4
    const askedAtMs = performance.now()
    const answer = await store.lead('ovn', 'c1', { ttlMs: 5_000, want: 'take' })
    assert.ok(performance.now() - askedAtMs >= relay.answersAfterMs - 2)
    assert.ok(answer.leads && answer.untilMs < askedAtMs + 5_000, 'until, counted from the asking')
    await store.setIntent('ovn', PAUSED)
    assert.deepEqual(await store.intent('ovn'), PAUSED)
  })

  test('an answer that comes later is none: the call ends in its time, and nothing is asked a second time', async () => {
    const { one, relay, store } = await behindRelay()
    await store.setIntent('ovn', PAUSED)
    const before = await runs(one)
    relay.answersAfterMs = COMMAND_TIMEOUT_MS * 5 / 4
    await assert.rejects(store.lead('ovn', 'c1', TAKE), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
    await assert.rejects(store.setIntent('ovn', { version: 2, paused: null }), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
    relay.answersAfterMs = 0
    await eventually('it answers in time', () => store.intent('any').then(() => true, () => false))
    // Redis did what it was asked: once, as whoever asked must reckon with
    assert.deepEqual(await store.intent('ovn'), { version: 2, paused: null })
    assert.ok(await runs(one) - before >= 4)
    const other = await storeOn([one])
    await answers(other)
    assert.deepEqual(await other.lead('ovn', 'c2', TAKE), { leads: false, leader: 'c1' })
  })

  test('a leadership whose answer was never heard is not held, and its owner gets it by asking again', async () => {
    const { relay, store } = await behindRelay()
    relay.cutsNextAnswer = true
    await assert.rejects(store.lead('ovn', 'c1', TAKE), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
    await eventually('it leads', () => store.lead('ovn', 'c1', TAKE).then(leads, () => false))
  })

  test('a command whose connection ended before the answer is not sent again', async () => {
    const { one, relay, store } = await behindRelay()
    await store.setIntent('ovn', PAUSED)
    const before = await runs(one)
    relay.cutsNextAnswer = true
    await assert.rejects(store.setIntent('ovn', { version: 2, paused: null }), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
    await assert.rejects(store.setIntent('ovn', { version: 3, paused: null }), { code: 'OVSDB_HA_STORE_UNAVAILABLE', message: /not connected/ })
    let asked = 0
    await eventually('it is connected again', () => { asked += 1; return store.memory('ovn').then(() => true, () => { asked -= 1; return false }) })
    assert.deepEqual(await store.intent('ovn'), { version: 2, paused: null }, 'the first was done, the second never sent')
    assert.equal(await runs(one) - before, 2 + asked)
  })
})
