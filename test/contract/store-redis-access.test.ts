// Who may talk to Redis: passwords, rights and certificates; each refusal says what to do.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { execa } from 'execa'
import type { RedisServer } from '../../protocol/cluster.ts'
import { freePort } from './redis-processes.ts'
import { answers, createRedisStores, NOBODY, refuses } from './redis-stores.ts'
import { eventually, leads, settle, TAKE } from './store-suite.ts'

const { redis, storeOn, storeAt, end, remove } = createRedisStores()
afterEach(end)
after(remove)

describe('passwords and rights', () => {
  test('no password where one is needed is told as such', async () => {
    const store = await storeOn([await redis('requirepass secret')])
    await refuses(store, /NOAUTH/)
    await assert.rejects(store.intent('ovn'), { code: 'OVSDB_HA_STORE_REFUSED', hint: /username.*passwordFile/ })
  })

  test('a user with the rights that the hint names can do everything, on the keys of its prefix', async () => {
    const store = await storeOn([await redis('user ha on >secret ~test:* +@all')], { access: { ...NOBODY, username: 'ha', password: 'secret' } })
    await answers(store)
    await settle(store)
    assert.ok(leads(await store.lead('ovn', 'c1', TAKE)))
    await store.append({ id: store.nextEntryId(), at: '2026-01-02T03:04:05.678Z', cluster: 'ovn', node: null, kind: 'k', severity: 'info', message: 'm', facts: {} })
    assert.equal((await store.history({ limit: 10 })).length, 1)
  })

  for (const [what, rights] of [
    ['no scripts', '~test:* +ping'],
    ['no commands within scripts', '~test:* +evalsha +eval'],
    ['keys of another prefix', '~other:* +@all']
  ] as const) {
    test(`a user with ${what} is told to be given them`, async () => {
      const store = await storeOn([await redis(`user ha on >secret ${rights}`)], { access: { ...NOBODY, username: 'ha', password: 'secret' } })
      await refuses(store, /NOPERM|ACL failure|No permissions|can't run this command/i)
      await assert.rejects(store.intent('ovn'), { code: 'OVSDB_HA_STORE_REFUSED', hint: /ACL SETUSER/ })
    })
  }
})

describe('certificates', () => {
  let directory: string
  const path = (name: string) => join(directory, name)

  async function authority (name: string): Promise<void> {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    await openssl('req', '-x509', ...key, '-keyout', path(`${name}.key`), '-out', path(`${name}.crt`), '-subj', `/CN=${name}`)
    for (const who of ['server', 'client']) {
      await openssl('req', ...key, '-keyout', path(`${name}-${who}.key`), '-out', path(`${name}-${who}.csr`), '-subj', `/CN=${who}`)
      await openssl('x509', '-req', '-in', path(`${name}-${who}.csr`), '-CA', path(`${name}.crt`), '-CAkey', path(`${name}.key`), '-CAcreateserial', '-days', '2', '-extfile', path('names'), '-out', path(`${name}-${who}.crt`))
    }
  }
  const openssl = async (...args: readonly string[]) => await execa('openssl', args, { timeout: 20_000, stdin: 'ignore' })
  const textsOf = async (ca: string, owner = ca) => ({ ca: await readFile(path(`${ca}.crt`), 'utf8'), key: await readFile(path(`${owner}-client.key`), 'utf8'), cert: await readFile(path(`${owner}-client.crt`), 'utf8') })

  async function secureRedis (): Promise<RedisServer> {
    const port = await freePort()
    await redis(`tls-port ${port}`, `tls-cert-file ${path('ours-server.crt')}`, `tls-key-file ${path('ours-server.key')}`, `tls-ca-cert-file ${path('ours.crt')}`, 'tls-auth-clients yes')
    return { type: 'instance', text: `rediss://127.0.0.1:${port}`, host: '127.0.0.1', port, tls: true }
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-redis-tls-'))
    await writeFile(path('names'), 'subjectAltName=IP:127.0.0.1\n')
    await Promise.all(['ours', 'theirs'].map(authority))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  test('with certificates of one authority on both sides it works', async () => {
    const store = await storeAt([await secureRedis()], { access: { ...NOBODY, tls: await textsOf('ours') } })
    await answers(store)
    await eventually('it leads', async () => leads(await store.lead('ovn', 'c1', { ttlMs: 1_000, want: 'take' })))
  })

  for (const [what, ca, owner] of [['a Redis of another authority', 'theirs', 'ours'], ['a Redis that does not trust ours', 'ours', 'theirs']] as const) {
    test(`${what} is refused, and the error says where to look`, async () => {
      const store = await storeAt([await secureRedis()], { access: { ...NOBODY, tls: await textsOf(ca, owner) } })
      await eventually('it is told', () => store.intent('ovn').then(() => false, (error: Error & { hint: string }) => /controller\.store\.tls/.test(error.hint)))
    })
  }
})
