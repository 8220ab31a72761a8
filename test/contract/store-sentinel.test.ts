// A failover of Redis that loses what was acknowledged last: nobody leads twice, and what was lost is written again.
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { createFairShare } from '../../controller/fair-share.ts'
import { createIntentKeeper } from '../../controller/intent-keeper.ts'
import { createJournal } from '../../controller/journal.ts'
import { createLeadership } from '../../controller/leadership.ts'
import type { Store } from '../../controller/store/store.ts'
import type { RedisServer } from '../../protocol/cluster.ts'
import type { HistoryEntry } from '../../protocol/api.ts'
import type { RedisProcess } from './redis-processes.ts'
import { answers, createRedisStores } from './redis-stores.ts'
import { historyEntry } from './store-fixtures.ts'
import { eventually, leads, settle } from './store-suite.ts'

const { redis, sentinel, storeAt, end, remove } = createRedisStores()
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await end()
})
after(remove)

/** Sentinel takes three to five seconds to find the master dead and to promote the replica. */
const OUTLASTS_FAILOVER_MS = 20_000

const PAUSED = { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' }

interface Watched {
  readonly master: RedisProcess
  readonly replica: RedisProcess
  readonly server: RedisServer
}

async function watched (): Promise<Watched> {
  const master = await redis('repl-diskless-sync-delay 0')
  const replica = await redis(`replicaof 127.0.0.1 ${master.port}`)
  await eventually('the replica is in step', async () => /master_link_status:up/.test(await replica.cli('info', 'replication')))
  const watch = await sentinel(`sentinel monitor store 127.0.0.1 ${master.port} 1`, 'sentinel down-after-milliseconds store 2000', 'sentinel failover-timeout store 6000')
  await eventually('Sentinel knows the replica', async () => (await watch.cli('sentinel', 'replicas', 'store')).includes(String(replica.port)))
  return { master, replica, server: { type: 'sentinel', text: `sentinel://127.0.0.1:${watch.port}/store`, sentinels: [{ host: '127.0.0.1', port: watch.port }], master: 'store', tls: false } }
}

/** From here on nothing that the master acknowledges reaches the replica, and connections that are there go on. */
async function cutReplication ({ master, replica }: Watched): Promise<void> {
  await master.cli('config', 'set', 'requirepass', 'nobody-knows-it')
  await replica.cli('client', 'kill', 'type', 'master')
  await eventually('the link is down', async () => /master_link_status:down/.test(await replica.cli('info', 'replication')))
}

async function ready (server: RedisServer): Promise<Store> {
  const store = await storeAt([server], { commandTimeoutMs: 1_000 })
  await answers(store)
  return store
}

test('a leadership that only the dead master knew of is given to nobody else before it is over by its holder\'s clock', async () => {
  const redises = await watched()
  const [one, two] = [await ready(redises.server), await ready(redises.server)]
  await settle(one)
  await cutReplication(redises)
  const first = await one.lead('ovn', 'c1', { ttlMs: 5_000, want: 'take' })
  assert.ok(first.leads)
  await redises.master.kill()
  let refused = 0
  await eventually('c2 leads', async () => {
    const answer = await two.lead('ovn', 'c2', { ttlMs: 5_000, want: 'take' }).catch(() => null) // nobody answers until the failover
    if (answer !== null && !answer.leads) refused += 1
    return answer?.leads === true
  }, 25_000)
  assert.ok(refused > 0, 'the new master knows of nobody, and gives it to nobody')
  assert.match(await redises.replica.cli('role'), /^master/)
  assert.ok(performance.now() > first.untilMs, 'c1 had given up before')
})

test('a leader that lives through the failover goes on leading, and writes the pause and the history again that were lost; the old master is not written to', async () => {
  const redises = await watched()
  const [one, two] = [await ready(redises.server), await ready(redises.server)]
  await settle(one)
  let gains = 0
  let losses = 0
  const intents = createIntentKeeper({ cluster: 'ovn', store: one, onChange: () => {}, onRestored: () => {}, onFailed: () => {} })
  const stored: HistoryEntry[] = []
  const journal = createJournal({ store: one, onStored: entry => { stored.push(entry) }, onDropped: () => {}, onFailed: () => {} })
  const leadership = createLeadership({
    cluster: 'ovn',
    controller: 'c1',
    store: one,
    timing: { ttlMs: OUTLASTS_FAILOVER_MS, everyMs: 200 },
    share: createFairShare(),
    prepare: async () => { await intents.refresh(false) },
    refresh: () => intents.refresh(leadership.leader() === 'c1'),
    onGained: () => { gains += 1 },
    onLost: () => { losses += 1 },
    onForgotten: () => journal.writeAgain(),
    onFollowing: () => {},
    onRound: () => {}
  })
  await leadership.start()
  stops.push(async () => { await leadership.stop().catch(() => undefined); await journal.stop() }) // Redis may be gone by then
  assert.equal(gains, 1)
  await cutReplication(redises)
  await intents.set(() => ({ paused: PAUSED }))
  const { id: _, ...entry } = historyEntry()
  journal.write(entry)
  await eventually('it is stored', async () => stored.length === 1)
  await redises.master.kill()
  await eventually('the replica is the master', async () => /^master/.test(await redises.replica.cli('role')), 25_000)
  const taken: boolean[] = []
  await eventually('the pause is there again', async () => {
    taken.push(await two.lead('ovn', 'c2', { ttlMs: OUTLASTS_FAILOVER_MS, want: 'take' }).then(leads, () => false))
    return await two.intent('ovn').then(({ paused }) => paused?.by === 'ann', () => false)
  }, 15_000)
  await eventually('the history is there again', async () => (await two.history({ limit: 10 })).some(({ id }) => id === stored[0]?.id))
  assert.ok(taken.every(got => !got), 'nobody else led meanwhile')
  assert.deepEqual([gains, losses, stored.length], [1, 0, 1])

  await redises.master.start()
  await eventually('the old master is a replica', async () => /^slave/.test(await redises.master.cli('role')), 25_000)
  // Sentinel cuts connections when it changes roles: for a moment a store may have none, and says so
  await eventually('a pause is taken', () => two.setIntent('vtep', { version: 1, paused: PAUSED }).then(() => true, () => false))
  await eventually('the other store reads it', () => one.intent('vtep').then(({ paused }) => paused?.by === 'ann', () => false))
})
