import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { stringify } from 'yaml'
import { soundFile } from '../../config-fixture.ts'
import { makeCertificates } from '../controller/link/certificates.ts'
import { assertFailed, runCli } from './cli-fixture.ts'

async function listen (t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close() })
  return (server.address() as { readonly port: number }).port
}

async function fileOf (t: TestContext, changes: object): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-health-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const file = path.join(directory, 'cluster.yaml')
  await writeFile(file, stringify({ ...soundFile(), ...changes }))
  return file
}

const alive: RequestListener = (request, response) => { response.writeHead(request.url === '/healthz' ? 200 : 503).end('{"ready":false,"reasons":["ovn: it is starting"]}') }

test('the daemon that answers is alive; with --ready what it lacks is told, and the exit code is 1', async t => {
  const port = await listen(t, createServer(alive))
  const config = await fileOf(t, { tls: undefined, insecure: true, controller: { listen: '0.0.0.0', port, tokens: [{ name: 'a', role: 'viewer', file: '/etc/token' }] } })
  const asked = await runCli(['health', 'controller', '--config', config])
  assert.deepEqual([asked.code, asked.out], [0, 'controller controller: alive'], asked.err)
  assertFailed(await runCli(['health', 'controller', '--config', config, '--ready']), 1, /OVSDB_HA_UNHEALTHY: controller controller is not well: .*it is starting/)
})

test('nobody that answers is not well, and neither is one with the certificate of somebody else', async t => {
  const made = await makeCertificates(['ctl1', 'ctl2'])
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-health-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  for (const [name, { key, cert, ca }] of made) await Promise.all([writeFile(`${directory}/${name}.key`, key), writeFile(`${directory}/${name}.crt`, cert), writeFile(`${directory}/ca.crt`, ca)])
  const own = made.get('ctl1')!
  const port = await listen(t, createTlsServer({ ...own, requestCert: true, rejectUnauthorized: true }, alive) as unknown as Server)
  const nodes = ['ctl1', 'ctl2', 'ctl3'].map(name => ({ name, address: '127.0.0.1', agentPort: port }))
  const config = await fileOf(t, { nodes: nodes.map((node, index) => ({ ...node, address: `127.0.0.${index + 1}` })), tls: { certificate: `${directory}/{node}.crt`, privateKey: `${directory}/{node}.key`, caCertificate: `${directory}/ca.crt` }, clusters: [{ ...soundFile().clusters[0], endpoints: [{ type: 'vip', interface: 'lo', addresses: ['127.0.0.100/24'] }] }] })
  const asked = await runCli(['health', 'agent', '--config', config, '--node', 'ctl1'])
  assert.deepEqual([asked.code, asked.out], [0, 'agent ctl1: alive'], asked.err)
  assertFailed(await runCli(['health', 'agent', '--config', config, '--node', 'ctl2']), 1, /OVSDB_HA_UNHEALTHY: ctl2 is not well: no answer from 127\.0\.0\.2/)
  assertFailed(await runCli(['health', 'agent', '--config', config]), 2, /OVSDB_HA_USAGE: It is not said which node this is/)
  assertFailed(await runCli(['health', 'agent', '--config', config, '--node', 'ctl9']), 2, /OVSDB_HA_USAGE: The file has no node ctl9/)
})

test('a daemon whose certificate cannot be used any more lives as long as it shakes hands, and is not ready: ending it would end what it serves', async t => {
  const [own, ended] = [(await makeCertificates(['ctl'])).get('ctl')!, (await makeCertificates(['ctl'], -1)).get('ctl')!]
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-health-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const store = async ({ key, cert, ca }: typeof own): Promise<void> => { await Promise.all([writeFile(`${directory}/ctl.key`, key), writeFile(`${directory}/ctl.crt`, cert), writeFile(`${directory}/ca.crt`, ca)]) }
  const server = createTlsServer({ ...ended, requestCert: true, rejectUnauthorized: true }, alive) as unknown as Server
  const config = await fileOf(t, { controller: { name: 'ctl', listen: '127.0.0.1', port: await listen(t, server), tokens: [{ name: 'a', role: 'viewer', file: '/etc/token' }] }, tls: { certificate: `${directory}/{node}.crt`, privateKey: `${directory}/{node}.key`, caCertificate: `${directory}/ca.crt` } })
  const ask = (...more: readonly string[]) => runCli(['health', 'controller', '--config', config, ...more])

  await store(ended)
  const expired = await ask()
  assert.equal(expired.code, 0, expired.err)
  assert.match(expired.out, /^controller ctl: alive, and not ready: .*ctl\.crt, for ctl: it expired at /)
  assertFailed(await ask('--ready'), 2, /^OVSDB_HA_CERTIFICATE_UNUSABLE: .*it expired at/)

  // renewed on disk under the same authority, and not yet read by the daemon
  await store({ ...own, ca: `${own.ca}${ended.ca}` })
  const renewed = await ask()
  assert.equal(renewed.code, 0, renewed.err)
  assert.match(renewed.out, /^controller ctl: alive, and not ready: .*certificate has expired/)
  assertFailed(await ask('--ready'), 1, /^OVSDB_HA_UNHEALTHY: .*certificate has expired/)

  await store(ended)
  server.close()
  server.closeAllConnections()
  assertFailed(await ask(), 1, /^OVSDB_HA_UNHEALTHY: ctl is not well: no handshake with 127\.0\.0\.1/)
})
