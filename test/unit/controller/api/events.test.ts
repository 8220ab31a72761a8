import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { Client } from 'undici'
import { historyEntry } from '../../../contract/store-fixtures.ts'
import { setUpApi } from './api-fixture.ts'

async function listen (t: TestContext) {
  const api = await setUpApi(t)
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const follow = async () => {
    const client = new Client(url)
    t.after(() => client.destroy())
    const answer = await client.request({ method: 'GET', path: '/v1/events', signal: AbortSignal.timeout(10_000) })
    return { status: answer.statusCode, body: answer.body, events: eventsOf(answer.body) }
  }
  return { ...api, follow }
}

async function * eventsOf (body: AsyncIterable<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: event => { events.push(event) } })
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield * events.splice(0)
  }
}

async function next (events: AsyncGenerator<EventSourceMessage>): Promise<EventSourceMessage> {
  const { value, done } = await events.next()
  assert.ok(done !== true, 'the stream ended')
  return value
}

test('a listener gets every cluster first, then each change and each history entry', async t => {
  const { follow, cluster, append } = await listen(t)
  const { events } = await follow()
  const first = await next(events)
  assert.deepEqual([first.event, JSON.parse(first.data)], ['cluster', cluster.view()])
  cluster.change({ state: 'changing', active: null })
  const second = await next(events)
  assert.deepEqual([second.event, JSON.parse(second.data).state], ['cluster', 'changing'])
  const entry = await append(historyEntry())
  const third = await next(events)
  assert.deepEqual([third.event, third.id, JSON.parse(third.data)], ['history', '1', entry])
})

test('a listener that does not read gets the newest view when it does, not all of them, and holds up nobody', async t => {
  const { follow, cluster } = await listen(t)
  const slow = await follow()
  const quick = await follow()
  await next(quick.events)
  const summary = 'x'.repeat(100_000)
  for (let term = 100; term < 400; term++) cluster.change({ term, summary }) // 30 MB: more than any socket buffer takes
  let got = 0
  for (let term = 0; term < 399; got++) term = JSON.parse((await next(slow.events)).data).term
  assert.ok(got < 300, `${got} of 300 views were sent`)
  for (let term = 0; term < 399;) term = JSON.parse((await next(quick.events)).data).term
})

test('a listener that falls a thousand entries behind is dropped', async t => {
  const { follow, emit } = await listen(t)
  const { events } = await follow()
  await next(events)
  const message = 'x'.repeat(50_000) // unread: what the sockets' buffers take is some megabytes
  for (let id = 1; id <= 3_000; id++) emit(historyEntry({ id, message }))
  let got = 0
  await assert.rejects(async () => {
    for (;;) {
      await next(events)
      got += 1
    }
  }, /terminated|other side closed|aborted/)
  assert.ok(got < 2_000, `${got} entries were sent`)
})

test('closing the API ends the streams, so that it can close', async t => {
  const { follow, app } = await listen(t)
  const { events } = await follow()
  await next(events)
  await app.close()
  assert.equal((await events.next()).done, true)
})

test('a 65th listener is refused, and a place is free again when one goes', async t => {
  const { follow } = await listen(t)
  const listeners = await Promise.all(Array.from({ length: 64 }, follow))
  assert.deepEqual([...new Set(listeners.map(listener => listener.status))], [200])
  assert.equal((await follow()).status, 503)
  listeners[0]?.body.destroy()
  const deadline = performance.now() + 5_000
  while ((await follow()).status !== 200) assert.ok(performance.now() < deadline)
})
