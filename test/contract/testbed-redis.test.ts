// The testbed's Redis hosts: each a real redis-server of its own that is killed, frozen, flushed and cut off.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { REDIS_PORT } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { findProcess } from '../testbed/product.ts'
import { createTestbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'

const testbed = createTestbed({ index: 22, controllers: 3, redis: 3 })
const DEADLINE_MS = 10_000

before(() => testbed.up({ product: false }))
after(() => testbed.down())

/** What redis-cli on another host says; null when it does not answer. */
async function ask (name: string, ...command: readonly string[]): Promise<string | null> {
  const { failed, stdout } = await testbed.exec('ctl', ['redis-cli', '-h', hostOf(testbed.plan, name).address, '-p', String(REDIS_PORT), ...command], { timeoutMs: 1_000 })
  return failed ? null : stdout.trim()
}

async function start (name: string): Promise<void> {
  await testbed.startRedis(name)
  await poll(async () => await ask(name, 'ping') === 'PONG' ? true : null, { deadlineMs: DEADLINE_MS, what: `${name} to answer` })
}

test('controllers and Redis have hosts of their own, and know each other by address', async () => {
  const { controllers, redis } = await testbed.status()
  assert.deepEqual(controllers.map(({ name, address, pid, leads }) => ({ name, address, pid, leads })), [
    { name: 'ctl', address: '10.213.22.200', pid: null, leads: null },
    { name: 'ctl2', address: '10.213.22.201', pid: null, leads: null },
    { name: 'ctl3', address: '10.213.22.202', pid: null, leads: null }
  ])
  assert.deepEqual(redis.map(({ name, address, port, pid }) => ({ name, address, port, pid })), [1, 2, 3].map(number => ({ name: `r${number}`, address: `10.213.22.21${number}`, port: 6379, pid: null })))
})

test('two of them share nothing; a flush forgets on one of them, a kill too', async () => {
  await Promise.all(['r1', 'r2'].map(start))
  for (const name of ['r1', 'r2']) assert.equal(await ask(name, 'set', 'key', name), 'OK')
  await testbed.flushRedis('r1')
  assert.deepEqual([await ask('r1', 'get', 'key'), await ask('r2', 'get', 'key')], ['', 'r2'])
  const pid = await testbed.killRedis('r2')
  assert.equal((await testbed.status()).redis.find(({ name }) => name === 'r2')?.pid, null, `process ${pid} is gone`)
  await start('r2')
  assert.equal(await ask('r2', 'get', 'key'), '', 'it kept nothing')
})

test('a frozen one takes connections and answers nothing until it goes on, and cannot be flushed meanwhile', async () => {
  await testbed.stopRedis('r1')
  assert.equal(await ask('r1', 'ping'), null)
  await assert.rejects(testbed.flushRedis('r1'), /r1 was not flushed/)
  await testbed.contRedis('r1')
  assert.equal(await ask('r1', 'ping'), 'PONG')
})

test('one that is cut off is reached by nobody, and can still be flushed by hand', async () => {
  await testbed.cutHost('r2')
  assert.equal(await ask('r2', 'ping'), null)
  await testbed.flushRedis('r2')
  await testbed.healHost('r2')
  assert.equal(await ask('r2', 'ping'), 'PONG')
  assert.equal(await findProcess(hostOf(testbed.plan, 'r3'), 'redis'), null, 'nobody started the third')
})
