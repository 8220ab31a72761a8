// Several controllers behind one command line: real APIs of which one leads, one follows, one is gone, one is frozen.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { CommandRefusedError } from '../../../controller/command-errors.ts'
import type { Leader } from '../../../protocol/api.ts'
import { memoryCluster, setUpApi, type MemoryCluster } from '../controller/api/api-fixture.ts'
import { assertFailed, runCli } from './cli-fixture.ts'

interface Controller { readonly url: string, readonly cluster: MemoryCluster }

async function controller (t: TestContext): Promise<Controller> {
  const cluster = memoryCluster()
  const { app } = await setUpApi(t, { clusters: new Map([['ovn', cluster]]) })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), cluster }
}

/** Refuses orders, and says who takes them. */
async function follower (t: TestContext, leader: Leader | null): Promise<Controller> {
  const made = await controller(t)
  made.cluster.next = async () => { throw new CommandRefusedError('ovn', { kind: 'notLeading' }, leader) }
  return made
}

/** An address where nobody listens any more. */
async function gone (): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
}

/** Takes every connection and says nothing, as a process does that was stopped. */
async function frozen (t: TestContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
}

test('an order to a follower goes to the leader that it names, once', async t => {
  const leads = await controller(t)
  const follows = await follower(t, { name: 'c1', url: leads.url })
  const { code, err } = await runCli(['switchover', 'ovn', '--to', 'n2'], { server: follows.url })
  assert.equal(code, 0, err)
  assert.deepEqual(leads.cluster.calls, [['switchover', { to: 'n2' }, 'local']])
})

test('where the follower does not know the leader\'s address, the other controllers are asked', async t => {
  const leads = await controller(t)
  const follows = await follower(t, { name: 'c1', url: null })
  assert.equal((await runCli(['switchover', 'ovn'], { server: `${follows.url}, ${leads.url}` })).code, 0)
  assert.equal(leads.cluster.calls.length, 1)
  assertFailed(await runCli(['switchover', 'ovn'], { server: follows.url }), 1, /OVSDB_HA_NOT_LEADING: .* c1 does/)
})

test('two followers that name each other are not asked for ever', async t => {
  const one = await follower(t, null)
  const other = await follower(t, { name: 'c1', url: one.url })
  one.cluster.next = async () => { throw new CommandRefusedError('ovn', { kind: 'notLeading' }, { name: 'c2', url: other.url }) }
  assertFailed(await runCli(['switchover', 'ovn'], { server: one.url }), 1, /OVSDB_HA_NOT_LEADING/)
  assert.ok(one.cluster.calls.length + other.cluster.calls.length <= 4)
})

test('a token that was given for https is not sent to a leader on plain http', async t => {
  const leads = await controller(t)
  const follows = await follower(t, { name: 'c1', url: leads.url.replace('http:', 'https:') })
  assertFailed(await runCli(['switchover', 'ovn'], { server: follows.url }), 1, /OVSDB_HA_NOT_LEADING/)
  assert.deepEqual(leads.cluster.calls, [], 'nor the other way round')
})

test('a controller that is gone or frozen is passed over, for reading and for orders', async t => {
  const leads = await controller(t)
  for (const dead of [await gone(), await frozen(t)]) {
    const server = `${dead},${leads.url}`
    const status = await runCli(['status', 'ovn'], { server })
    assert.equal(status.code, 0, status.err)
    const order = await runCli(['switchover', 'ovn'], { server })
    assert.equal(order.code, 0, order.err)
  }
  assert.equal(leads.cluster.calls.length, 2, 'each order arrived once')
})

test('an order that may have arrived is not given to another controller', async t => {
  const [one, other] = [await controller(t), await controller(t)]
  one.cluster.next = async () => { throw new Error('a bug of its own') }
  assertFailed(await runCli(['switchover', 'ovn'], { server: `${one.url},${other.url}` }), 1, /OVSDB_HA_INTERNAL/)
  assert.deepEqual(other.cluster.calls, [])
})

test('when none answers, the last one is named, and the way to name several', async () => {
  const [one, other] = [await gone(), await gone()]
  assertFailed(await runCli(['status'], { server: `${one},${other}` }), 3, new RegExp(`${other} did not answer[^]*with commas between`))
  assertFailed(await runCli(['status'], { server: `${one},ftp://x` }), 2, /ftp:\/\/x is not the address/)
})
