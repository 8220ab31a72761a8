import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRedisUrl } from '../../../protocol/redis-url.ts'

test('an instance has a host, a port (6379 when absent), and TLS when it says rediss', () => {
  assert.deepEqual(parseRedisUrl('redis://10.0.0.1'), { type: 'instance', text: 'redis://10.0.0.1', host: '10.0.0.1', port: 6379, tls: false })
  assert.deepEqual(parseRedisUrl('rediss://[fd00::1]:7000'), { type: 'instance', text: 'rediss://[fd00::1]:7000', host: 'fd00::1', port: 7000, tls: true })
})

test('Sentinel has hosts (26379 when a port is absent) and the name of its master', () => {
  const parsed = parseRedisUrl('sentinel://h1,h2:7000,[fd00::3]/store')
  assert.deepEqual(parsed, { type: 'sentinel', text: 'sentinel://h1,h2:7000,[fd00::3]/store', sentinels: [{ host: 'h1', port: 26379 }, { host: 'h2', port: 7000 }, { host: 'fd00::3', port: 26379 }], master: 'store', tls: false })
})

for (const text of ['', 'http://h', 'redis://', 'redis://u:secret@h', 'redis://h1,h2', 'redis://h/0', 'redis://h:0', 'redis://h:65536', 'sentinel://h1', 'sentinel://h1,/m', 'redis://h?x=1']) {
  test(`"${text}" is no address of a Redis`, () => assert.equal(parseRedisUrl(text), undefined))
}
