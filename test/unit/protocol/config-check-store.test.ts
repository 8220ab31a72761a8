import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

const store = (over: Readonly<Record<string, unknown>>) => ({ 'controller.store': { type: 'redis', urls: ['redis://10.0.0.1'], ...over } })
const paths = (edits: Readonly<Record<string, unknown>>) => problemsWith(edits).map(({ path }) => path)

test('a store on one Redis, on three, or behind Sentinel is sound', () => {
  assert.deepEqual(paths(store({})), [])
  assert.deepEqual(paths(store({ urls: ['redis://10.0.0.1', 'redis://10.0.0.2', 'redis://10.0.0.3'] })), [])
  assert.deepEqual(paths({ ...store({ urls: ['sentinel://10.0.0.1,10.0.0.2,10.0.0.3/store'] }), 'controller.others': ['ctl-b'] }), [])
})

test('an even number of instances, one that is there twice, and Sentinel beside others are refused', () => {
  assert.deepEqual(paths(store({ urls: ['redis://10.0.0.1', 'redis://10.0.0.2'] })), ['controller.store.urls'])
  assert.deepEqual(paths(store({ urls: ['redis://10.0.0.1', 'redis://10.0.0.2', 'redis://10.0.0.1'] })), ['controller.store.urls[2]'])
  assert.deepEqual(paths(store({ urls: ['redis://10.0.0.1', 'redis://10.0.0.2', 'sentinel://10.0.0.3/store'] })), ['controller.store.urls'])
})

test('keys of the other type of store are refused, and so are missing addresses', () => {
  assert.deepEqual(paths(store({ file: '/x.db' })), ['controller.store.file'])
  assert.deepEqual(paths({ 'controller.store': { type: 'embedded', keyPrefix: 'x:' } }), ['controller.store.keyPrefix'])
  assert.deepEqual(paths({ 'controller.store': { type: 'redis' } }), ['controller.store.urls'])
})

test('several controllers need a store of type redis, and names of their own', () => {
  assert.deepEqual(paths({ 'controller.store': { type: 'embedded' }, 'controller.others': ['ctl-b'] }), ['controller.others'])
  assert.deepEqual(paths({ ...store({}), 'controller.name': 'ctl-a', 'controller.others': ['CTL-A'] }), ['controller.others[0]'])
  assert.deepEqual(paths({ ...store({}), 'controller.name': 'ctl-a', 'controller.others': ['ctl-b', { name: 'Ctl-B', url: 'https://10.0.0.12:8640' }] }), ['controller.others[1]'])
})

test('another controller may come with the address of its API, which is one', () => {
  assert.deepEqual(paths({ ...store({}), 'controller.others': [{ name: 'ctl-b', url: 'https://10.0.0.12:8640' }, 'ctl-c'] }), [])
  for (const url of ['10.0.0.12:8640', 'https://10.0.0.12:8640/v1', 'https://ann:secret@10.0.0.12', '']) {
    assert.deepEqual(paths({ ...store({}), 'controller.others': [{ name: 'ctl-b', url }] }), ['controller.others[0].url'], url)
  }
})

test('a password has no place in an address, and a user needs one in a file', () => {
  assert.deepEqual(paths(store({ urls: ['redis://ann:secret@10.0.0.1'] })), ['controller.store.urls[0]'])
  assert.deepEqual(paths(store({ username: 'ann' })), ['controller.store.passwordFile'])
})

test('a misspelt key names the nearest one; certificates without rediss:// are a warning', () => {
  assert.equal(problemsWith(store({ keyPrefx: 'x:' }))[0]?.nearest, 'keyPrefix')
  const tls = { certificate: '/c', privateKey: '/k', caCertificate: '/a' }
  assert.deepEqual(warningsWith(store({ tls })).map(({ path }) => path).filter(path => path.startsWith('controller.store')), ['controller.store.tls'])
  assert.deepEqual(warningsWith(store({ urls: ['rediss://10.0.0.1'], tls })).map(({ path }) => path).filter(path => path.startsWith('controller.store')), [])
})
