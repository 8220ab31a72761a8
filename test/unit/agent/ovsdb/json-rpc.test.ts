// Goal: whatever a peer sends, the connection ends with a coded error and the process lives. The peer is a real socket
// that misbehaves on purpose.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createOvsdbClient } from '../../../../agent/ovsdb/client.ts'
import { createControl } from '../../../../agent/ovsdb/control.ts'
import { createDatabase } from '../../../../agent/ovsdb/database.ts'
import { OvsdbError, type ServerTalkError } from '../../../../agent/ovsdb/errors.ts'
import { connectJsonRpc, type JsonRpcConnection } from '../../../../agent/ovsdb/json-rpc.ts'
import { formatTarget, parseTarget } from '../../../../agent/ovsdb/target.ts'

interface Owner { after (end: () => Promise<void>): void }
interface Call { readonly id: number, readonly method: string, readonly params: readonly unknown[] }

/** A peer that does what it is told with each request; resolves to its socket's path. */
async function startPeer (owner: Owner, onRequest: (socket: Socket, call: Call) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-peer-'))
  const path = join(directory, 'sock')
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', data => {
      for (const text of data.toString().split(/(?<=\})(?=\{)/)) onRequest(socket, JSON.parse(text) as Call)
    })
  }).listen(path)
  await once(server, 'listening')
  owner.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(directory, { recursive: true, force: true })
  })
  return path
}

async function connectTo (owner: Owner, path: string, more: { maxReplyBytes?: number } = {}): Promise<JsonRpcConnection> {
  const connection = await connectJsonRpc({ target: { method: 'unix', path }, connectTimeoutMs: 1_000, callTimeoutMs: 5_000, ...more })
  owner.after(async () => connection.destroy())
  return connection
}

const BAD_ANSWERS: ReadonlyArray<{ readonly what: string, readonly code: string, readonly words?: RegExp, readonly send: (socket: Socket) => void }> = [
  { what: 'garbage', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') },
  { what: 'a list instead of an object', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.write('[1]') },
  { what: 'a number instead of an object', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.write('17 {}') },
  { what: 'an object that is no reply', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.write('{"id":1}') },
  { what: 'bytes that are no text', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.write(Buffer.from([0xff, 0xfe, 0x00, 0x80])) },
  { what: 'half a reply and the end', code: 'OVSDB_HA_SERVER_GARBLED', send: socket => socket.end('{"id":1,"result":[{"rows":[') },
  { what: 'nothing and the end', code: 'OVSDB_HA_SERVER_CLOSED', send: socket => socket.end() },
  { what: 'a reply without end in one text', code: 'OVSDB_HA_SERVER_REPLY_TOO_LARGE', words: /1000000 bytes/, send: socket => endless(socket, '{"id":1,"result":"', 'x'.repeat(10_000)) },
  { what: 'a reply without end in many rows', code: 'OVSDB_HA_SERVER_REPLY_TOO_LARGE', send: socket => endless(socket, '{"id":1,"result":[0', ',"some longer text"'.repeat(500)) },
  { what: 'a reply without end in empty objects', code: 'OVSDB_HA_SERVER_REPLY_TOO_LARGE', words: /125000 arrays and objects/, send: socket => endless(socket, '{"id":1,"result":[{}', ',{}'.repeat(3_000)) },
  { what: 'white space without end', code: 'OVSDB_HA_SERVER_REPLY_TOO_LARGE', send: socket => endless(socket, '', ' '.repeat(10_000)) },
  { what: 'a reply nested without end', code: 'OVSDB_HA_SERVER_REPLY_TOO_LARGE', words: /100 levels/, send: socket => endless(socket, '{"id":1,"result":', '['.repeat(1_000)) },
  { what: 'probes without end by a peer that never reads the answers', code: 'OVSDB_HA_SERVER_OVERLOADED', send: socket => { socket.pause(); endless(socket, '', `{"method":"echo","id":"e","params":["${'x'.repeat(10_000)}"]}`) } }
]

function endless (socket: Socket, first: string, more: string): void {
  if (first !== '') socket.write(first)
  const push = () => {
    while (!socket.destroyed && socket.write(more));
  }
  socket.on('drain', push)
  push()
}

describe('json-rpc connection', { timeout: 30_000 }, () => {
  for (const { what, code, words = /./, send } of BAD_ANSWERS) {
    test(`${what} ends the connection with ${code}`, async t => {
      const connection = await connectTo(t, await startPeer(t, send), { maxReplyBytes: 1_000_000 })
      const reasons: ServerTalkError[] = []
      connection.onClose(reason => reasons.push(reason))
      await assert.rejects(connection.call('transact', []), { code })
      assert.deepEqual(reasons.map(reason => reason.code), [code])
      assert.match(String(reasons[0]), words)
      await assert.rejects(connection.call('echo', []), { code }, 'what ended it is the answer to every later call')
    })
  }

  test('every way not to reach a server has a code of its own', async t => {
    const path = await startPeer(t, () => undefined)
    const dial = async (target: string) => await connectJsonRpc({ target: parseTarget(target, null), connectTimeoutMs: 200, callTimeoutMs: 200 })
    await assert.rejects(dial(`unix:${path}.missing`), { code: 'OVSDB_HA_SERVER_SOCKET_MISSING' })
    await assert.rejects(dial(`unix:${'/too-long'.repeat(20)}`), { code: 'OVSDB_HA_SERVER_UNREACHABLE' })
    await assert.rejects(dial('tcp:127.0.1.99:1'), { code: 'OVSDB_HA_SERVER_REFUSED' })
    await assert.rejects((await dial(`unix:${path}`)).call('echo', []), { code: 'OVSDB_HA_SERVER_TIMEOUT' })
  })

  test('replies are matched to calls in any order and any slices, and late ones are ignored', async t => {
    const calls: Call[] = []
    const connection = await connectTo(t, await startPeer(t, (socket, call) => {
      calls.push(call)
      if (calls.length < 3) return
      const text = calls.toReversed().map(({ id, method }) => JSON.stringify({ id, result: `ü ${method}`, error: null })).join('') + '{"id":99,"result":1,"error":null}'
      for (const byte of Buffer.from(text)) socket.write(Buffer.of(byte))
    }))
    const replies = await Promise.all(['a', 'b', 'c'].map(async method => await connection.call(method, [])))
    assert.deepEqual(replies.map(({ result }) => result), ['ü a', 'ü b', 'ü c'])
  })

  test('a call that ran out of time leaves the connection in use', async t => {
    const connection = await connectTo(t, await startPeer(t, (socket, { id, method }) => {
      if (method === 'echo') socket.write(JSON.stringify({ id: id - 1, result: 'late', error: null }) + JSON.stringify({ id, result: [], error: null }))
    }))
    await assert.rejects(connection.call('slow', [], 20), { code: 'OVSDB_HA_SERVER_TIMEOUT' })
    assert.deepEqual(await connection.call('echo', []), { result: [], error: null })
    assert.equal(connection.closed, null)
  })

  test('calls without an answer are limited in number', async t => {
    const connection = await connectTo(t, await startPeer(t, () => undefined))
    const calls = Array.from({ length: 65 }, async () => await connection.call('slow', [], 200))
    const codes = (await Promise.allSettled(calls)).map(call => call.status === 'rejected' ? call.reason.code : 'answered')
    assert.equal(codes.filter(code => code === 'OVSDB_HA_SERVER_OVERLOADED').length, 1)
    assert.equal(codes.filter(code => code === 'OVSDB_HA_SERVER_TIMEOUT').length, 64)
  })

  test("the server's probe is answered", async t => {
    const { promise: answered, resolve } = Promise.withResolvers<unknown>()
    const connection = await connectTo(t, await startPeer(t, (socket, call) => {
      if (call.method === 'list_dbs') socket.write('{"method":"echo","id":"probe","params":[7]}')
      else resolve(call)
    }))
    connection.call('list_dbs', []).catch(error => assert.equal(error.code, 'OVSDB_HA_SERVER_CLOSED'))
    assert.deepEqual(await answered, { id: 'probe', result: [7], error: null })
    connection.destroy()
  })
})

describe('ovsdb client', { timeout: 30_000 }, () => {
  const ANSWERS: ReadonlyArray<{ readonly what: string, readonly reply: object, readonly error: string, readonly details: string }> = [
    { what: 'one operation', reply: { result: [{ count: 1 }, { error: 'not allowed', details: 'no' }, null], error: null }, error: 'not allowed', details: 'no' },
    { what: 'the commit, as an extra element', reply: { result: [{}, {}, {}, { error: 'constraint violation', details: 'why' }], error: null }, error: 'constraint violation', details: 'why' },
    { what: 'the whole request', reply: { result: null, error: { error: 'unknown database', details: 'Nope' } }, error: 'unknown database', details: 'Nope' },
    { what: 'the whole request, in a bare text', reply: { result: null, error: 'lock methods not allowed' }, error: 'lock methods not allowed', details: '' }
  ]
  for (const { what, reply, error, details } of ANSWERS) {
    test(`a refusal of ${what} is an OvsdbError with the server's words`, async t => {
      const client = createOvsdbClient(await connectTo(t, await startPeer(t, (socket, { id }) => socket.write(JSON.stringify({ id, ...reply })))))
      const operations = ['a', 'b', 'c'].map(op => ({ op }))
      await assert.rejects(client.transact('db', operations), (thrown: unknown) => thrown instanceof OvsdbError && thrown.error === error && thrown.details === details)
    })
  }

  for (const result of [null, 'text', [], [1], [{}, {}]]) {
    test(`a transaction result of ${JSON.stringify(result)} for one operation is garbled`, async t => {
      const client = createOvsdbClient(await connectTo(t, await startPeer(t, (socket, { id }) => socket.write(JSON.stringify({ id, result, error: null })))))
      await assert.rejects(client.transact('db', [{ op: 'comment' }]), { code: 'OVSDB_HA_SERVER_GARBLED' })
    })
  }

  test('schemas, names and identifiers of the wrong shape are garbled', async t => {
    const client = createOvsdbClient(await connectTo(t, await startPeer(t, (socket, { id }) => socket.write(JSON.stringify({ id, result: { name: 1 }, error: null })))))
    await assert.rejects(client.getSchema('db'), { code: 'OVSDB_HA_SERVER_GARBLED' })
    await assert.rejects(client.listDbs(), { code: 'OVSDB_HA_SERVER_GARBLED' })
    await assert.rejects(client.getServerId(), { code: 'OVSDB_HA_SERVER_GARBLED' })
  })
})

describe('kept connections', { timeout: 30_000 }, () => {
  test('a loss is told once and at once, the next use dials again, and closing is no loss', async t => {
    let sessions = 0
    const path = await startPeer(t, (socket, { id, method }) => {
      sessions += 1
      if (method === 'list_dbs') socket.end()
      else socket.write(JSON.stringify({ id, result: [], error: null }))
    })
    const database = createDatabase({ target: { method: 'unix', path }, timeoutMs: 1_000 })
    const losses: string[] = []
    database.onLost(reason => losses.push(reason.code))
    await database.connect()
    await assert.rejects(database.listDbs(), { code: 'OVSDB_HA_SERVER_CLOSED' })
    assert.deepEqual([losses, database.connected], [['OVSDB_HA_SERVER_CLOSED'], false])
    await Promise.all([database.echo(), database.echo()])
    assert.equal(database.connected, true)
    database.close()
    assert.equal(losses.length, 1)
    await assert.rejects(database.echo(), { code: 'OVSDB_HA_SERVER_CLOSED' })
    assert.equal(sessions, 3)
  })

  test('a refused command is a ControlRefusedError with the text of the server', async t => {
    const path = await startPeer(t, (socket, { id, method }) => socket.write(JSON.stringify(method === 'good' ? { id, result: 'fine\n', error: null } : { id, result: null, error: '"bad" is not a valid command\n' })))
    const control = createControl({ path, timeoutMs: 1_000 })
    t.after(() => control.close())
    await assert.rejects(control.call('bad'), { code: 'OVSDB_HA_CONTROL_REFUSED', text: '"bad" is not a valid command\n' })
    assert.equal(await control.call('good'), 'fine\n')
  })
})

describe('targets', () => {
  test("OVSDB's spelling is read and written", () => {
    const tls = { privateKey: 'k', certificate: 'c', caCertificate: 'a' }
    for (const text of ['unix:/run/a b', 'tcp:10.0.0.1:6641', 'tcp:[fd00::1]:6641', 'ssl:[fd00::1]:6641', 'ssl:host.example:1']) assert.equal(formatTarget(parseTarget(text, tls)), text)
    assert.deepEqual(parseTarget('tcp:[fd00::1]:6641', null), { method: 'tcp', host: 'fd00::1', port: 6641 })
    for (const text of ['', 'tcp:10.0.0.1', 'tcp:10.0.0.1:0', 'tcp:10.0.0.1:65536', 'tcp:fd00::1:1', 'udp:10.0.0.1:1', 'ssl:10.0.0.1:1']) assert.throws(() => parseTarget(text, null), { name: 'InvariantError' })
  })
})
