import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Client, errors } from 'undici'
import { connectionWords, oneLine } from '../../../protocol/connection-words.ts'
import { makeCertificates } from '../controller/link/certificates.ts'

const WHERE = '10.213.7.1:8643'

async function listening (t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** What a request to that address fails with. */
async function failureOf (url: string, connect: object = {}): Promise<unknown> {
  const client = new Client(url, { connect })
  try {
    return await client.request({ method: 'GET', path: '/' }).then(() => assert.fail('it was answered'), (error: unknown) => error)
  } finally {
    await client.destroy()
  }
}

const failure = (code: string) => Object.assign(new Error(`${code} of a library`), { code })

test('a dial that was not answered in time says where, and within which time', () => {
  const late = new errors.ConnectTimeoutError(`Connect Timeout Error (attempted address: ${WHERE}, timeout: 750ms)`)
  assert.equal(connectionWords(late, WHERE, 750), 'no answer from 10.213.7.1:8643 within 750 ms')
  assert.equal(connectionWords(late, WHERE), 'no answer from 10.213.7.1:8643')
  assert.equal(connectionWords(failure('ETIMEDOUT'), WHERE, 750), 'no answer from 10.213.7.1:8643')
})

test('a port on which nobody listens refuses, also when several addresses were tried', async t => {
  const server = createServer()
  const port = await listening(t, server)
  server.close()
  await once(server, 'close')
  assert.equal(connectionWords(await failureOf(`http://127.0.0.1:${port}`), WHERE), `${WHERE} refuses the connection`)
  assert.equal(connectionWords(new AggregateError([failure('ECONNREFUSED'), failure('ENETUNREACH')], ''), WHERE), `${WHERE} refuses the connection`)
})

test('a peer that hangs up, and one that speaks something else, are told apart', async t => {
  const hangsUp = await listening(t, createServer(socket => { socket.once('data', () => socket.destroy()) }))
  assert.equal(connectionWords(await failureOf(`http://127.0.0.1:${hangsUp}`), WHERE), `${WHERE} broke off the connection`)
  const greets = await listening(t, createServer(socket => { socket.end('SSH-2.0-OpenSSH_9.2\r\n') }))
  assert.equal(connectionWords(await failureOf(`http://127.0.0.1:${greets}`), WHERE), `what listens on ${WHERE} does not speak HTTP`)
  const plain = await listening(t, createHttpServer())
  assert.equal(connectionWords(await failureOf(`https://127.0.0.1:${plain}`), WHERE), `what listens on ${WHERE} does not speak TLS, or no version of it that both know`)
})

test('certificates: another name, another authority, and ours that is not accepted', async t => {
  const [mine, foreign] = [await makeCertificates(['n1', 'c1']), await makeCertificates(['c9'])]
  const [agent, controller, stranger] = [mine.get('n1'), mine.get('c1'), foreign.get('c9')]
  assert.ok(agent !== undefined && controller !== undefined && stranger !== undefined)
  const server = createHttpsServer({ ...agent, requestCert: true, rejectUnauthorized: true }, (_request, response) => { response.end() })
  const url = `https://127.0.0.1:${await listening(t, server)}`
  assert.equal(connectionWords(await failureOf(url, { ...controller, servername: 'n2' }), WHERE), `the certificate of ${WHERE} is another one's: Host: n2. is not in the cert's altnames: DNS:n1`)
  assert.equal(connectionWords(await failureOf(url, { ...controller, ca: stranger.ca, servername: 'n1' }), WHERE), `the certificate of ${WHERE} is not signed by the authority that is trusted here`)
  // the refusal comes after our side of the handshake is done: as an alert, or as the mere end of the connection
  for (const ours of [{}, stranger]) assert.match(connectionWords(await failureOf(url, { ...ours, ca: agent.ca, servername: 'n1' }), WHERE), /^10\.213\.7\.1:8643 (does not accept our certificate|broke off the connection)$/)
  assert.equal(connectionWords(failure('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), WHERE), `${WHERE} does not accept our certificate`)
})

for (const [code, words] of [
  ['EHOSTUNREACH', `no route to ${WHERE}, or its host does not answer`],
  ['ENETUNREACH', `no route to ${WHERE}`],
  ['ECONNRESET', `${WHERE} broke off the connection`],
  ['ENOTFOUND', `the name in ${WHERE} is unknown`],
  ['EAI_AGAIN', `the name in ${WHERE} cannot be looked up: no name server answers`],
  ['CERT_HAS_EXPIRED', `the certificate of ${WHERE} has expired`],
  ['CERT_NOT_YET_VALID', `the certificate of ${WHERE} is not valid yet: a clock is wrong`],
  ['SELF_SIGNED_CERT_IN_CHAIN', `the certificate of ${WHERE} is not signed by the authority that is trusted here`]
] as const) {
  test(`${code} has words of its own`, () => { assert.equal(connectionWords(failure(code), WHERE, 750), words) })
}

test('what is not about the connection speaks for itself, in one line', () => {
  assert.equal(connectionWords(new Error('silent for 750 ms'), WHERE, 750), 'silent for 750 ms')
  assert.equal(connectionWords(failure('OVSDB_HA_CLUSTER_UNKNOWN'), WHERE), 'OVSDB_HA_CLUSTER_UNKNOWN of a library')
  assert.equal(oneLine(new Error('a\n  b')), 'a b')
  assert.equal(oneLine(new AggregateError([new TypeError('')], '')), 'TypeError')
  assert.equal(oneLine('gone'), 'gone')
})
