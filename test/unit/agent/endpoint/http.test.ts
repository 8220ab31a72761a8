import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHttpEndpoint } from '../../../../agent/endpoint/http.ts'

const OPTIONS = { name: 'http:8644', address: '10.0.0.11' }
const isHeld = async (endpoint: ReturnType<typeof createHttpEndpoint>) => (await endpoint.held()).get('http:8644')

test('the gate opens on the node\'s own address, and the endpoint goes by its own name', async () => {
  const endpoint = createHttpEndpoint(OPTIONS)
  assert.deepEqual(endpoint.addresses, ['10.0.0.11'])
  assert.deepEqual([...await endpoint.held()], [['http:8644', false]])
})

test('it is held from its taking to its release, and never longer than the lease that it was taken under', async () => {
  const endpoint = createHttpEndpoint(OPTIONS)
  await endpoint.hold(60_000)
  assert.equal(await isHeld(endpoint), true)
  await endpoint.release()
  assert.equal(await isHeld(endpoint), false)
  await endpoint.hold(-1)
  assert.equal(await isHeld(endpoint), false)
})
