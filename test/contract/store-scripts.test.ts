// Each rule of the Redis store's scripts by itself, on a real Redis: their answers, and what they leave in its keys.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import { connectRedis, type RedisInstance } from '../../controller/store/redis-instance.ts'
import { loadScripts, type ScriptName } from '../../controller/store/redis-scripts.ts'
import type { RedisProcess } from './redis-processes.ts'
import { createRedisStores, NOBODY } from './redis-stores.ts'
import { eventually } from './store-suite.ts'

const scripts = await loadScripts()
const { redis, end, remove } = createRedisStores()
const TIMEOUT_MS = 5_000
const MINUTE_MS = 60_000

let one: RedisProcess
let instance: RedisInstance

beforeEach(async () => {
  one = await redis()
  await connect()
})
afterEach(async () => {
  instance.close()
  await end()
})
after(remove)

async function connect (): Promise<void> {
  instance = connectRedis(one.server, NOBODY, TIMEOUT_MS)
  await instance.dialled
}

const run = (name: ScriptName, keys: readonly string[], args: readonly (string | number)[]) => instance.run(scripts[name], keys, args)
const cli = async (...args: readonly string[]) => (await one.cli(...args)).split('\n').filter(line => line !== '')

describe('append and history', () => {
  const append = (id: number, cluster: string, happening = '') =>
    run('append', ['all', 'entries', `of:${cluster}`, 'happenings'], [id, `body ${id}`, cluster, 3, 'of:', happening])
  const history = (key: string, limit: number) => run('history', [key, 'entries'], ['+inf', limit])

  test('what is forgotten is gone from every key, whatever cluster it was of: nothing grows for ever', async () => {
    for (const [index, cluster] of ['ovn', 'vtep', 'vtep', 'ovn', 'ovn'].entries()) assert.equal(await append(index + 1, cluster, `happening ${index + 1}`), 1)
    assert.deepEqual(await cli('zrange', 'all', '0', '-1'), ['3 vtep happening 3', '4 ovn happening 4', '5 ovn happening 5'])
    assert.deepEqual(await cli('zrange', 'of:ovn', '0', '-1'), ['4', '5'])
    assert.deepEqual(await cli('zrange', 'of:vtep', '0', '-1'), ['3'])
    assert.deepEqual((await cli('hkeys', 'entries')).toSorted(), ['3', '4', '5'])
    assert.deepEqual((await cli('smembers', 'happenings')).toSorted(), ['happening 3', 'happening 4', 'happening 5'])
  })

  test('with a lower limit than before all that is too much goes at once', async () => {
    for (const id of [1, 2, 3]) await append(id, 'ovn')
    await run('append', ['all', 'entries', 'of:ovn', 'happenings'], [4, 'body 4', 'ovn', 1, 'of:', ''])
    assert.deepEqual(await history('all', 10), ['body 4'])
  })

  test('ids that were written before there were happenings are forgotten like the others', async () => {
    await one.cli('zadd', 'all', '1', '1 ovn')
    await one.cli('hset', 'entries', '1', 'body 1')
    await one.cli('zadd', 'of:ovn', '1', '1')
    for (const id of [2, 3, 4]) await append(id, 'ovn')
    assert.deepEqual(await cli('zrange', 'of:ovn', '0', '-1'), ['2', '3', '4'])
    assert.deepEqual((await cli('hkeys', 'entries')).toSorted(), ['2', '3', '4'])
  })

  test('an entry that is there is not appended again, nor one of a happening that has one', async () => {
    assert.equal(await append(1, 'ovn', 'h'), 1)
    assert.equal(await append(1, 'ovn', 'h'), 1)
    assert.equal(await append(2, 'ovn', 'h'), 0)
    assert.deepEqual(await history('of:ovn', 10), ['body 1'])
  })

  test('as many as were asked for are answered, the newest; an id whose body is gone is passed over', async () => {
    for (const id of [1, 2, 3]) await append(id, 'ovn')
    assert.deepEqual(await history('all', 2), ['body 3', 'body 2'])
    await one.cli('hdel', 'entries', '2')
    assert.deepEqual(await history('of:ovn', 3), ['body 3', 'body 1'])
  })
})

describe('lead and resign', () => {
  const lead = (who: string, want: 'look' | 'take' | 'keep', ttlMs = MINUTE_MS) => run('lead', ['leader', 'dataset', 'settling'], [who, ttlMs, want])
  const pttl = async (key: string) => Number((await cli('pttl', key))[0])

  /** The first question to a data set lets nobody lead for so long. */
  async function settled (): Promise<void> {
    await lead('nobody', 'look', 1)
    await eventually('it has settled', async () => (await cli('exists', 'settling'))[0] === '0')
  }

  test('a data set that is new lets nobody lead for as long as a leadership holds, but whoever leads already', async () => {
    assert.deepEqual(await lead('c1', 'look'), ['settling', ''])
    assert.ok(await pttl('settling') > MINUTE_MS / 2)
    assert.deepEqual(await lead('c1', 'take'), ['settling', ''])
    assert.deepEqual(await lead('c2', 'keep'), ['restored', 'c2'])
    assert.deepEqual(await lead('c1', 'keep'), ['held', 'c2'])
  })

  test('who looks takes nothing, who takes has it for as long as it asked for, and who has it renews it', async () => {
    await settled()
    assert.deepEqual(await lead('c1', 'look'), ['free', ''])
    assert.deepEqual(await lead('c1', 'take'), ['taken', 'c1'])
    assert.ok(await pttl('leader') > MINUTE_MS / 2 && await pttl('leader') <= MINUTE_MS)
    assert.deepEqual(await lead('c2', 'take', 10 * MINUTE_MS), ['held', 'c1'])
    assert.ok(await pttl('leader') <= MINUTE_MS, 'another one extends nothing')
    for (const want of ['look', 'take', 'keep'] as const) assert.deepEqual(await lead('c1', want, 2 * MINUTE_MS), ['renewed', 'c1'])
    assert.ok(await pttl('leader') > MINUTE_MS)
  })

  test('what was written in an earlier data set counts for nothing: its holder is restored only where it leads by its own clock', async () => {
    await settled()
    await lead('c1', 'take')
    await one.cli('save')
    instance.close()
    await one.kill()
    await one.start()
    await connect()
    assert.match((await cli('get', 'leader'))[0] ?? '', / c1$/, 'it was saved')
    assert.deepEqual(await lead('c2', 'take'), ['settling', ''])
    assert.deepEqual(await lead('c1', 'look'), ['settling', ''])
    assert.deepEqual(await lead('c1', 'keep'), ['restored', 'c1'])
    assert.deepEqual(await lead('c1', 'keep'), ['renewed', 'c1'])
  })

  test('only one\'s own leadership is given back', async () => {
    await settled()
    await lead('c1', 'take')
    assert.equal(await run('resign', ['leader'], ['c2']), 0)
    assert.deepEqual(await lead('c2', 'look'), ['held', 'c1'])
    assert.equal(await run('resign', ['leader'], ['c1']), 1)
    assert.deepEqual(await lead('c2', 'look'), ['free', ''])
  })
})

describe('intent and memory', () => {
  test('an intent is stored when its version is a higher number, and the very same counts as stored: its answer was lost', async () => {
    const set = (version: number, body: string) => run('set-intent', ['intent'], [version, body])
    const answers = []
    for (const [version, body] of [[9, 'a'], [9, 'a'], [9, 'b'], [8, 'a'], [10, 'a'], [9, 'a'], [11, 'a'], [10, 'a']] as const) answers.push(await set(version, body))
    assert.deepEqual(answers, ['stored', 'stored', 'conflict', 'conflict', 'stored', 'conflict', 'stored', 'conflict'])
    assert.deepEqual(await cli('hgetall', 'intent'), ['version', '11', 'body', 'a'])
  })

  test('a memory is stored unless a newer one is there, by the numbers of term, then sequence; an equal one is not newer', async () => {
    const set = (term: number, sequence: number, body: string) => run('set-memory', ['memory'], [term, sequence, body])
    const answers = []
    for (const [term, sequence, body] of [[9, 9, 'a'], [9, 8, 'b'], [9, 9, 'c'], [8, 99, 'd'], [9, 10, 'e'], [10, 2, 'f'], [9, 11, 'g']] as const) answers.push(await set(term, sequence, body))
    assert.deepEqual(answers, ['stored', 'older', 'stored', 'older', 'stored', 'stored', 'older'])
    assert.deepEqual(await cli('hgetall', 'memory'), ['term', '10', 'sequence', '2', 'body', 'f'])
    assert.equal(await run('read', ['memory'], ['body']), 'f')
    assert.equal(await run('read', ['memory'], ['nothing']), null)
  })
})
