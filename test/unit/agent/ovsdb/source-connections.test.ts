import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connectionsTo } from '../../../../agent/ovsdb/source-connections.ts'

test('each established connection to that very address and port is named, and a new one gets a new name', async t => {
  const server = createServer(socket => { socket.on('error', () => socket.destroy()) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const source = `tcp:127.0.0.1:${port}`
  const dial = async () => {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    t.after(() => socket.destroy())
    return socket
  }
  assert.deepEqual(await connectionsTo(source), [])
  const first = await dial()
  const [one] = await connectionsTo(source)
  await dial()
  const two = await connectionsTo(source)
  assert.equal(two.length, 2)
  assert.ok(one !== undefined && two.includes(one))
  first.destroy()
  await once(first, 'close')
  await dial()
  const after = await connectionsTo(source)
  assert.equal(after.length, 2)
  assert.ok(!after.includes(one))
  assert.deepEqual(await connectionsTo(`ssl:[::1]:${port}`), [])
})
