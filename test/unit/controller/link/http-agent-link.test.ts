import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { AgentAddress } from '../../../../controller/link/agent-requests.ts'
import { createHttpAgentLink } from '../../../../controller/link/http-agent-link.ts'
import { AgentAnswerError, AgentUnreachableError } from '../../../../controller/link/link-errors.ts'
import type { Order } from '../../../../protocol/order.ts'
import { RemoteError } from '../../../../protocol/remote-error.ts'
import type { TermRequest } from '../../../../protocol/vote.ts'
import { happening } from '../../../fixtures.ts'
import { makeCertificates } from './certificates.ts'
import { report, reportEvent, startFakeAgent, type FakeAgentOptions } from './fake-agent.ts'

type Seen = string

/** What a listener was told, in order, and a wait for it with a deadline. */
function createWitness () {
  const seen: Seen[] = []
  const waiting = new Set<() => void>()
  const note = (what: string) => {
    seen.push(what)
    for (const wake of waiting) wake()
  }
  return {
    seen,
    listener: {
      onReport: (value: { readonly sequence: number }) => { note(`report ${value.sequence}`) },
      onHappening: (value: { readonly kind: string }) => { note(`happening ${value.kind}`) },
      onLost: (why: string) => { note(`lost: ${why}`) }
    },
    async until (matches: (seen: readonly Seen[]) => boolean): Promise<void> {
      const deadline = AbortSignal.timeout(10_000)
      while (!matches(seen)) {
        if (deadline.aborted) assert.fail(`not seen within 10 s; seen: ${seen.join(' | ')}`)
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.add(resolve)
        deadline.addEventListener('abort', () => { resolve() }, { once: true })
        await promise
        waiting.delete(resolve)
      }
    }
  }
}

async function setUp (t: TestContext, agent: FakeAgentOptions, over: Partial<AgentAddress> = {}) {
  const server = await startFakeAgent(agent)
  const link = createHttpAgentLink({ cluster: 'ovn', node: 'n1', url: server.url, tls: null, silentAfterMs: 5_000, ...over })
  t.after(async () => {
    await link.stop()
    await server.close()
  })
  return { server, link, witness: createWitness() }
}

const TERM: TermRequest = { term: 8, holder: 'n1', controller: 'c1', reason: 'lost', voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, leaveOut: [] }

test('reports and happenings arrive in order, also when an event is cut anywhere, even within a character', async t => {
  const bytes = Buffer.from(': hello\n\n' + reportEvent({ sequence: 1, problems: [{ code: 'X', message: 'Größe', server: null }] }) +
    `event: happening\ndata: ${JSON.stringify(happening({ kind: 'leaseLapsed' }))}\n\n` +
    'event: laterVersion\ndata: {}\n\n' + reportEvent({ sequence: 2 }))
  const { link, witness } = await setUp(t, {
    stream: write => {
      let at = 0
      const next = () => {
        if (at >= bytes.length) return
        write(bytes.subarray(at, at + 7) as unknown as string)
        at += 7
        setImmediate(next)
      }
      next()
    }
  })
  link.start(witness.listener)
  await witness.until(seen => seen.length >= 3)
  assert.deepEqual(witness.seen, ['report 1', 'happening leaseLapsed', 'report 2'])
})

test('a stream that ends is lost once, and dialled again until it lives', async t => {
  const { server, link, witness } = await setUp(t, {
    stream (write, end, dial) {
      if (dial === 2 || dial === 3) return end()
      write(reportEvent({ sequence: dial }))
      if (dial === 1) end()
    }
  })
  link.start(witness.listener)
  await witness.until(seen => seen.includes('report 4'))
  assert.deepEqual(witness.seen, ['report 1', 'lost: the agent ended the stream', 'report 4'])
  assert.equal(server.dials(), 4)
})

test('a stream that is silent for silentAfterMs is lost, although its connection stands and comments arrive', async t => {
  const comments: NodeJS.Timeout[] = []
  t.after(() => { for (const timer of comments) clearInterval(timer) })
  const { link, witness } = await setUp(t, {
    stream (write, _end, dial) {
      write(reportEvent({ sequence: dial }))
      comments.push(setInterval(() => { write(': still here\n\n') }, 20))
    }
  }, { silentAfterMs: 80 })
  link.start(witness.listener)
  await witness.until(seen => seen.includes('report 2'))
  assert.deepEqual(witness.seen.slice(0, 3), ['report 1', 'lost: silent for 80 ms', 'report 2'])
})

/** Nothing else of this process runs for so long. */
function stall (stallMs: number): void {
  const endMs = performance.now() + stallMs
  let turns = 0
  while (performance.now() < endMs) turns += 1
  assert.ok(turns > 0)
}

test('a stall of this process is not taken for the silence of the agent', async t => {
  const beats: NodeJS.Timeout[] = []
  t.after(() => { for (const beat of beats) clearInterval(beat) })
  const { link, witness } = await setUp(t, {
    stream (write) {
      let sequence = 0
      beats.push(setInterval(() => { write(reportEvent({ sequence: ++sequence })) }, 20))
    }
  }, { silentAfterMs: 150 })
  link.start(witness.listener)
  await witness.until(seen => seen.length >= 2)
  stall(600)
  const heard = witness.seen.length
  await witness.until(seen => seen.length >= heard + 5)
  assert.deepEqual(witness.seen.filter(what => what.startsWith('lost')), [])
})

test('an agent that accepts the connection and never answers is silent too', async t => {
  const mute = createServer(socket => { t.after(() => socket.destroy()) }).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  t.after(() => mute.close())
  const address = mute.address()
  assert.ok(address !== null && typeof address === 'object')
  const link = createHttpAgentLink({ cluster: 'ovn', node: 'n1', url: `http://127.0.0.1:${address.port}`, tls: null, silentAfterMs: 60 })
  t.after(() => link.stop())
  const witness = createWitness()
  link.start(witness.listener)
  await witness.until(seen => seen.length > 0)
  assert.deepEqual(witness.seen, ['lost: silent for 60 ms'])
})

for (const [what, text, why] of [
  ['JSON that is cut short', 'event: report\ndata: {"cluster":\n\n', /^lost: The agent of n1 \(ovn, http:.*\) sent a report that is not one/],
  ['a report with an unknown field', `event: report\ndata: ${JSON.stringify({ ...report(), mood: 'good' })}\n\n`, /sent a report that is not one/],
  ['the report of another node', reportEvent({ node: 'n9' }), /is the agent of n9 \(ovn\): the address or the file is wrong/],
  ['an event without end', `event: report\ndata: ${'x'.repeat(1_100_000)}`, /sent an event of more than 1048576 characters/]
] as const) {
  test(`${what} is a loss that says so, and the link dials again`, async t => {
    const { link, witness } = await setUp(t, { stream: (write, _end, dial) => { write(dial === 1 ? text : reportEvent({ sequence: 5 })) } })
    link.start(witness.listener)
    await witness.until(seen => seen.includes('report 5'))
    assert.equal(witness.seen.length, 2)
    assert.match(witness.seen[0] ?? '', why)
  })
}

test('an agent that refuses the stream is lost with its own words', async t => {
  const { link, witness } = await setUp(t, {})
  link.start(witness.listener)
  await witness.until(seen => seen.length > 0)
  assert.deepEqual(witness.seen, ['lost: no such cluster'])
})

test('an agent that is down is lost once however often it is dialled, and found when it comes back', async t => {
  const first = await startFakeAgent({})
  const { port } = new URL(first.url)
  await first.close()
  const link = createHttpAgentLink({ cluster: 'ovn', node: 'n1', url: first.url, tls: null, silentAfterMs: 5_000 })
  t.after(() => link.stop())
  const witness = createWitness()
  link.start(witness.listener)
  await witness.until(seen => seen.length === 1)
  const again = await startFakeAgent({ port: Number(port), stream: write => { write(reportEvent({ sequence: 3 })) } })
  t.after(() => again.close())
  await witness.until(seen => seen.length > 1)
  assert.match(witness.seen[0] ?? '', /^lost: 127\.0\.0\.1:\d+ refuses the connection$/)
  assert.deepEqual(witness.seen.slice(1), ['report 3'])
})

test('nothing is heard after stop', async t => {
  const { server, link, witness } = await setUp(t, { stream: write => { write(reportEvent()) } })
  link.start(witness.listener)
  await witness.until(seen => seen.length === 1)
  await link.stop()
  await server.close()
  assert.deepEqual(witness.seen, ['report 1'])
})

test('a term and an order are posted, and their answers come back', async t => {
  const posted: unknown[] = []
  const { link } = await setUp(t, {
    post (what, body) {
      posted.push([what, body])
      return what === 'term' ? { ok: true, grants: [] } : { ok: false, reason: 'nb refused', steps: [{ name: 'promote', startMs: 0, endMs: 2.5, error: 'nb refused' }] }
    }
  })
  const order: Order = { type: 'promote', term: 8, controller: 'c1', deadlineMs: 5_000, leaveOut: [], force: false }
  assert.deepEqual(await link.term(TERM, 1_000), { ok: true, grants: [] })
  assert.equal((await link.order(order)).reason, 'nb refused')
  assert.deepEqual(posted, [['term', TERM], ['orders', order]])
})

test('a second look is answered apart from the stream, by the node that was asked and in its shape, or refused', async t => {
  const answers: readonly unknown[] = [report({ sequence: 9 }), report({ node: 'n2' }), report({ cluster: 'vtep' }), { ...report(), phase: 'dancing' }]
  let asked = 0
  const { link } = await setUp(t, { look: reply => reply.send(answers[asked++]) })
  assert.deepEqual(await link.look(1_000), report({ sequence: 9 }))
  await assert.rejects(link.look(1_000), { code: 'OVSDB_HA_AGENT_ANSWER', message: /is the agent of n2 \(ovn\)/ })
  await assert.rejects(link.look(1_000), { code: 'OVSDB_HA_AGENT_ANSWER', message: /is the agent of n1 \(vtep\)/ })
  await assert.rejects(link.look(1_000), { code: 'OVSDB_HA_AGENT_ANSWER', message: /something that is not its answer/ })
})

test('an order with an old term comes back as the agent said it, with the current term', async t => {
  const { link } = await setUp(t, {
    post: (_what, _body, reply) => reply.code(409).send({ code: 'OVSDB_HA_STALE_TERM', message: 'term 8 is old', hint: 'Take a new term.', term: 9 })
  })
  await assert.rejects(link.order({ type: 'handoverFinish', term: 8, controller: 'c1', deadlineMs: 5_000 }), (error: unknown) => {
    assert.ok(error instanceof RemoteError)
    assert.deepEqual([error.code, error.httpStatus, error.message, error.hint, error.term, error.cluster, error.node],
      ['OVSDB_HA_STALE_TERM', 409, 'term 8 is old', 'Take a new term.', 9, 'ovn', 'n1'])
    return true
  })
})

test('an answer that no agent gives is told apart from no answer', async t => {
  const { link } = await setUp(t, { post: (_what, _body, reply) => reply.code(502).send('<html>a proxy</html>') })
  await assert.rejects(link.term(TERM, 1_000), (error: unknown) => {
    assert.ok(error instanceof AgentAnswerError)
    assert.match(error.message, /answered term with 502 .*a proxy/)
    return true
  })
  const other = await setUp(t, { post: () => ({ ok: 'maybe' }) })
  await assert.rejects(other.link.term(TERM, 1_000), AgentAnswerError)
})

test('a term that is not answered within its deadline names cluster, node and address, and keeps the cause', async t => {
  const { server, link } = await setUp(t, { post: () => new Promise(() => {}) })
  const startedAtMs = performance.now()
  await assert.rejects(link.term(TERM, 60), (error: unknown) => {
    assert.ok(error instanceof AgentUnreachableError)
    assert.equal(error.code, 'OVSDB_HA_AGENT_UNREACHABLE')
    assert.equal(error.message, `The agent of n1 (ovn, ${server.url}) did not answer term: no answer within 60 ms`)
    assert.match(error.hint, /curl/)
    assert.ok(error.cause instanceof Error)
    return true
  })
  assert.ok(performance.now() - startedAtMs < 2_000)
})

test('with TLS the agent is known by the name of its node, and shows the same of us', async t => {
  const certificates = await makeCertificates(['n1', 'n2', 'c1'])
  const of = (name: string) => {
    const certificate = certificates.get(name)
    assert.ok(certificate !== undefined)
    return certificate
  }
  const good = await setUp(t, { https: { ...of('n1'), requestCert: true }, stream: write => { write(reportEvent()) }, post: () => ({ ok: true, grants: [] }) }, { tls: of('c1') })
  good.link.start(good.witness.listener)
  await good.witness.until(seen => seen.length === 1)
  assert.deepEqual(good.witness.seen, ['report 1'])
  assert.deepEqual(await good.link.term(TERM, 2_000), { ok: true, grants: [] })

  const impostor = await setUp(t, { https: { ...of('n2'), requestCert: true }, stream: write => { write(reportEvent()) } }, { tls: of('c1') })
  impostor.link.start(impostor.witness.listener)
  await impostor.witness.until(seen => seen.length === 1)
  assert.match(impostor.witness.seen[0] ?? '', /^lost: the certificate of 127\.0\.0\.1:\d+ is another one's: Host: n1\. is not in the cert's altnames: DNS:n2/)
  await assert.rejects(impostor.link.term(TERM, 2_000), AgentUnreachableError)
})
