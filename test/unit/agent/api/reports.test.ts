import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { AgentApiOptions } from '../../../../agent/api/server.ts'
import { until } from '../../../contract/support/wait.ts'
import { createApi, createUnitDouble, type UnitDouble } from './unit-double.ts'

async function listening (t: TestContext, unit: UnitDouble, changes: Partial<AgentApiOptions> = {}) {
  const app = createApi([unit], changes)
  t.after(async () => await app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

async function open (port: number, path = '/v1/clusters/ovn/reports'): Promise<IncomingMessage> {
  const [answer] = await once(request({ port, path, agent: false }).end(), 'response') as [IncomingMessage]
  return answer
}

function collect (answer: IncomingMessage) {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: event => { events.push(event) } })
  answer.setEncoding('utf8').on('data', text => parser.feed(text))
  return { events, sequences: () => events.filter(({ event }) => event === 'report').map(({ data }) => JSON.parse(data).sequence as number), ended: async () => await once(answer, 'end') }
}

test('the stream says the whole state first, then every change at once, and every happening once', async t => {
  const unit = createUnitDouble()
  const { port } = await listening(t, unit)
  const answer = await open(port)
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  const { events, sequences } = collect(answer)
  await until('the first report', 2_000, () => sequences().length === 1)
  assert.deepEqual(JSON.parse(events[0]?.data ?? ''), unit.report())
  unit.say({ phase: 'acquiring' })
  unit.happen('leaseHeld', 'n1 holds term 5')
  await until('the change and the happening', 2_000, () => events.length === 3)
  assert.deepEqual(sequences(), [1, 2])
  assert.deepEqual(JSON.parse(events.find(({ event }) => event === 'happening')?.data ?? ''), { cluster: 'ovn', node: 'n1', bootId: unit.report().bootId, sequence: 1, kind: 'leaseHeld', message: 'n1 holds term 5', facts: {} })
})

test('what happened while nobody read is told to the first reader, after the state, and to no other', async t => {
  const unit = createUnitDouble()
  const { port } = await listening(t, unit)
  unit.happen('serverStarted', 'server nb was running and is adopted')
  const first = collect(await open(port))
  await until('the happening', 2_000, () => first.events.length === 2)
  assert.deepEqual(first.events.map(({ event }) => event), ['report', 'happening'])
  const second = collect(await open(port))
  unit.happen('leaseHeld', 'n1 holds term 5')
  await until('the later happening', 2_000, () => second.events.length === 2)
  assert.equal(JSON.parse(second.events[1]?.data ?? '').kind, 'leaseHeld')
})

test('without a change the whole report comes again as a heartbeat', async t => {
  const { port } = await listening(t, createUnitDouble(), { reportEveryMs: 30 })
  const { sequences } = collect(await open(port))
  await until('three heartbeats', 2_000, () => sequences().length >= 4)
  assert.deepEqual([...new Set(sequences())], [1])
})

test('a slow reader gets the newest state and not all in between', async t => {
  const unit = createUnitDouble()
  const { port } = await listening(t, unit)
  const answer = await open(port)
  answer.pause()
  const bulk = 'x'.repeat(100_000)
  for (let round = 0; round < 200; round++) unit.say({ problems: [{ code: 'TEST', message: bulk, server: null }] })
  const { sequences } = collect(answer)
  answer.resume()
  await until('the newest report', 10_000, () => sequences().at(-1) === 201)
  assert.ok(sequences().length < 201, `${sequences().length} reports were kept for a reader that did not read`)
})

/** The counters, and what keeps happenings that nobody reads. */
const FOLLOWERS_OF_THE_API = 2

test('a reader that lies behind by too many happenings is dropped', async t => {
  const unit = createUnitDouble()
  const { port } = await listening(t, unit)
  const answer = await open(port)
  answer.on('error', () => {}) // "aborted": that is what is expected here
  answer.pause()
  const bulk = 'x'.repeat(100_000)
  for (let round = 0; round < 1_000; round++) unit.happen('test', bulk)
  await until('the reader is dropped', 5_000, () => unit.followers() === FOLLOWERS_OF_THE_API)
})

test('a reader that goes away is forgotten, and closing the api ends every stream', async t => {
  const unit = createUnitDouble()
  const { app, port } = await listening(t, unit)
  const [leaving, staying] = [await open(port), await open(port)]
  const { ended } = collect(staying)
  assert.equal(unit.followers(), FOLLOWERS_OF_THE_API + 2)
  leaving.destroy()
  await until('the reader is forgotten', 2_000, () => unit.followers() === FOLLOWERS_OF_THE_API + 1)
  const end = ended()
  await app.close()
  await end
  assert.equal(unit.followers(), 0)
})

test('the report alone is a plain answer; an unknown cluster is 404 on both', async t => {
  const unit = createUnitDouble()
  const app = createApi([unit])
  t.after(async () => await app.close())
  assert.deepEqual((await app.inject('/v1/clusters/ovn/report')).json(), unit.report())
  assert.equal((await app.inject('/v1/clusters/other/report')).statusCode, 404)
  assert.equal((await app.inject('/v1/clusters/other/reports')).statusCode, 404)
})
