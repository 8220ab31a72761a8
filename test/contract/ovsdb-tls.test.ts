// Goal: TLS between us and real servers: the CA decides, not the name; replication over ssl works with the same roles.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { connectOvsdb } from '../../agent/ovsdb/client.ts'
import { parseTarget } from '../../agent/ovsdb/target.ts'
import { addSwitch, createCertificates, createDirectory, startServer, switches, TIMEOUT_MS, until, VERSION_31 } from './ovsdb-fixture.ts'
import { loopbackAddress } from './support/loopback.ts'

describe('ovsdb over TLS', { skip: VERSION_31.missing ?? false, timeout: 60_000 }, () => {
  test('a backup follows over ssl, and the name in a certificate does not matter', async t => {
    const directory = await createDirectory(t)
    const tls = await createCertificates(directory)
    const common = { directory, version: VERSION_31, method: 'appctl', tls } as const
    const active = await startServer(t, { ...common, name: 'a', address: loopbackAddress(1) })
    const backup = await startServer(t, { ...common, name: 'b', address: loopbackAddress(2) })
    await active.role.promote()
    await addSwitch(await active.connect(), 'over tls')
    await backup.role.repoint(active.source)
    await until('the copy is complete', async () => (await switches(backup.database)).join() === 'over tls')
    assert.equal((await backup.role.observe()).source, active.source)
  })

  test('a server of another CA, and a plain listener, are TLS errors and no crash', async t => {
    const directory = await createDirectory(t)
    const tls = await createCertificates(directory)
    const server = await startServer(t, { directory, name: 'a', address: loopbackAddress(1), version: VERSION_31, method: 'appctl', tls })
    const strangers = `${directory}/other`
    await mkdir(strangers)
    const dialWith = async (files: typeof tls) => await connectOvsdb({ target: parseTarget(server.source, files), connectTimeoutMs: TIMEOUT_MS, callTimeoutMs: TIMEOUT_MS })
    const others = await createCertificates(strangers)
    await assert.rejects(dialWith({ ...others, caCertificate: others.caCertificate }), { code: 'OVSDB_HA_SERVER_TLS' })
    await assert.rejects(dialWith({ ...tls, privateKey: `${directory}/nothing.pem` }), { code: 'OVSDB_HA_SERVER_TLS' })
    const plain = await startServer(t, { directory, name: 'b', address: loopbackAddress(2), version: VERSION_31, method: 'appctl' })
    const target = parseTarget(plain.source.replace('tcp:', 'ssl:'), tls)
    await assert.rejects(connectOvsdb({ target, connectTimeoutMs: TIMEOUT_MS, callTimeoutMs: TIMEOUT_MS }), (error: { code?: string }) => ['OVSDB_HA_SERVER_TLS', 'OVSDB_HA_SERVER_CLOSED'].includes(error.code ?? ''))
  })
})
