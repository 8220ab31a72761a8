import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createVoterClient, type VoterClientOptions } from '../../../../agent/link/voter-client.ts'
import { createApi, createAuthority, createUnitDouble, type UnitDouble } from '../api/unit-double.ts'
import type { TlsTexts } from '../../../../agent/api/tls.ts'

const LEASE = { term: 4, holder: 'n2', voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, holdMs: 3_000, sequence: 0, leaveOut: [], boots: {} }
const DEADLINE_MS = 2_000

async function agent (t: TestContext, unit: UnitDouble, tls: TlsTexts | null = null) {
  const app = createApi([unit], { tls, allowedPeers: ['n2'] })
  t.after(async () => await app.close())
  return await app.listen({ host: '127.0.0.1', port: 0 })
}

function client (t: TestContext, url: string, changes: Partial<VoterClientOptions> = {}) {
  const voter = createVoterClient({ cluster: 'ovn', node: 'n1', url, tls: null, ...changes })
  t.after(async () => await voter.close())
  return voter
}

async function answering (t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a lease and a release reach the voter, and a refusal is a reply', async t => {
  const unit = createUnitDouble()
  const voter = client(t, await agent(t, unit))
  assert.deepEqual(await voter.lease(LEASE, DEADLINE_MS), { ok: true })
  unit.leaseReply = { ok: false, refusal: 'olderTerm', term: 9, holder: 'n3', remainingMs: 0, voters: null }
  assert.deepEqual(await voter.lease(LEASE, DEADLINE_MS), unit.leaseReply)
  await voter.release({ term: 4, holder: 'n2', served: true }, DEADLINE_MS)
  assert.deepEqual(unit.asked.map(({ method }) => method), ['lease', 'lease', 'release'])
})

test('with TLS the voter must show a certificate for its name, and we ours', async t => {
  const authority = await createAuthority()
  t.after(async () => await authority.remove())
  const url = await agent(t, createUnitDouble(), await authority.issue('n1', 'DNS:n1'))
  const tls = await authority.issue('n2', 'DNS:n2')
  assert.deepEqual(await client(t, url, { tls }).lease(LEASE, DEADLINE_MS), { ok: true })
  await assert.rejects(client(t, url, { tls, node: 'n3' }).lease(LEASE, DEADLINE_MS), { code: 'OVSDB_HA_VOTER_UNREACHABLE', message: /the certificate of 127\.0\.0\.1:\d+ is another one's: .*DNS:n1/ })
  await assert.rejects(client(t, url, { tls: await authority.issue('n9', 'DNS:n9') }).lease(LEASE, DEADLINE_MS), { code: 'OVSDB_HA_PEER_NOT_ALLOWED' })
})

test('a voter that is away, or does not answer by the deadline, is unreachable by name', async t => {
  const gone = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => gone.once('listening', resolve))
  const { port } = gone.address() as AddressInfo
  await new Promise(resolve => gone.close(resolve))
  await assert.rejects(client(t, `http://127.0.0.1:${port}`).lease(LEASE, DEADLINE_MS), { code: 'OVSDB_HA_VOTER_UNREACHABLE', message: /^the voter n1 .* did not answer lease: 127\.0\.0\.1:\d+ refuses the connection$/, cluster: 'ovn', node: 'n1' })

  const silent = client(t, await answering(t, () => {}))
  const startedMs = performance.now()
  await assert.rejects(silent.lease(LEASE, 100), { code: 'OVSDB_HA_VOTER_UNREACHABLE', message: /no answer within 100 ms/ })
  assert.ok(performance.now() - startedMs < 1_500)
})

test('requests that hang do not hold back the next one', async t => {
  let hanging = 0
  const url = await answering(t, (_request, response) => { if (++hanging > 3) response.setHeader('content-type', 'application/json').end('{"ok":true}') })
  const voter = client(t, url)
  const stuck = [1, 2, 3].map(async () => await assert.rejects(voter.lease(LEASE, 1_000), { code: 'OVSDB_HA_VOTER_UNREACHABLE' }))
  assert.deepEqual(await voter.lease(LEASE, 900), { ok: true })
  await Promise.all(stuck)
})

test('an answer that is no vote is refused, and an error of the agent keeps its code, hint and term', async t => {
  const bodies = [[200, '{"ok":"yes"}'], [200, '{"ok":true,"extra":1}'], [200, 'hello'], [500, '<html>'], [302, '{}']] as const
  for (const [status, body] of bodies) {
    const url = await answering(t, (_request, response) => response.writeHead(status).end(body))
    await assert.rejects(client(t, url).lease(LEASE, DEADLINE_MS), { code: 'OVSDB_HA_VOTER_ANSWER' }, body)
  }
  const endless = await answering(t, (_request, response) => response.end('x'.repeat(200_000)))
  await assert.rejects(client(t, endless).lease(LEASE, DEADLINE_MS), { code: 'OVSDB_HA_VOTER_UNREACHABLE', message: /exceeded|size/i })
  const unit = createUnitDouble({ cluster: 'vtep' })
  await assert.rejects(client(t, await agent(t, unit)).release({ term: 1, holder: 'n2', served: false }, DEADLINE_MS), { code: 'OVSDB_HA_UNIT_UNKNOWN', httpStatus: 404, hint: /vtep/ })
})
