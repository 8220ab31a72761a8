import assert from 'node:assert/strict'
import { request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createApi, createAuthority, createUnitDouble, type Texts } from './unit-double.ts'

describe('mutual TLS', () => {
  let authority: Awaited<ReturnType<typeof createAuthority>>
  let stranger: Awaited<ReturnType<typeof createAuthority>>
  let app: FastifyInstance
  let ca: string

  before(async () => {
    authority = await createAuthority()
    stranger = await createAuthority()
    const tls = await authority.issue('n1', 'DNS:n1')
    ca = tls.ca
    app = createApi([createUnitDouble()], { tls, allowedPeers: ['n1', 'n2', 'controller-1'] })
    await app.listen({ host: '127.0.0.1', port: 0 })
  })
  after(async () => {
    await app.close()
    await authority.remove()
    await stranger.remove()
  })

  async function ask (path: string, options: RequestOptions): Promise<{ readonly status: number | undefined, readonly body: string }> {
    const { port } = app.server.address() as AddressInfo
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined, body: string }>()
    request({ host: '127.0.0.1', port, path, servername: 'n1', agent: false, ...options }, answer => {
      let body = ''
      answer.setEncoding('utf8').on('data', text => { body += text }).on('end', () => resolve({ status: answer.statusCode, body }))
    }).on('error', reject).end()
    return await promise
  }

  const as = ({ key, cert }: Texts): RequestOptions => ({ key, cert, ca })

  test('a node or controller of the file may ask, by DNS name or by common name where there is none', async () => {
    assert.equal((await ask('/v1/clusters/ovn/report', as(await authority.issue('anything', 'DNS:n2')))).status, 200)
    assert.equal((await ask('/v1/clusters/ovn/report', as(await authority.issue('controller-1')))).status, 200)
  })

  test('another name of the same authority is 403 for orders, votes and reports, and may ask for health and metrics', async () => {
    const prometheus = as(await authority.issue('prometheus', 'DNS:prometheus'))
    for (const path of ['/v1/clusters/ovn/report', '/v1/clusters/ovn/reports', '/v1/nothing']) {
      const answer = await ask(path, prometheus)
      assert.equal(answer.status, 403, path)
      assert.equal(JSON.parse(answer.body).code, 'OVSDB_HA_PEER_NOT_ALLOWED')
    }
    for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal((await ask(path, prometheus)).status, 200, path)
    assert.equal((await ask('/active', prometheus)).status, 503)
  })

  test('a certificate of its own that is good no more makes /readyz fail, and says why', async () => {
    const other = createApi([createUnitDouble()], { tls: await authority.issue('n9', 'DNS:n9') })
    const answer = await other.inject('/readyz')
    assert.deepEqual([answer.statusCode, answer.json().reasons], [503, ['the certificate: it is for DNS:n9, not for n1']])
    assert.equal((await other.inject('/healthz')).statusCode, 200, 'a restart would not mend it')
  })

  test('an allowed name hidden in another field, in quotes, or behind a wildcard does not count', async () => {
    for (const altName of ['DNS:*.n1,DNS:n1.example', 'email:n1', 'URI:n1', 'DNS:*', '@names\n[names]\nDNS.1=x, DNS:n1']) {
      assert.equal((await ask('/v1/clusters/ovn/report', as(await authority.issue('other', altName)))).status, 403, altName)
    }
  })

  test('where there is a DNS name the common name does not count', async () => {
    assert.equal((await ask('/v1/clusters/ovn/report', as(await authority.issue('n2', 'DNS:other')))).status, 403)
  })

  test('no certificate, or one of another authority, does not get past the handshake', async () => {
    await assert.rejects(ask('/healthz', { ca }))
    await assert.rejects(ask('/healthz', as(await stranger.issue('n2', 'DNS:n2'))))
  })
})
