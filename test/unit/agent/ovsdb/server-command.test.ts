import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerConfig } from '../../../../protocol/cluster.ts'
import { birthProblem, gateRemote, hasReplicationRemote, heartbeatFile, isGateRemote, processArguments, replicationRemote, replicationSource, toolBeside } from '../../../../agent/ovsdb/server-command.ts'

const server = (changes: Partial<ServerConfig> = {}): ServerConfig => ({
  name: 'nb',
  database: 'OVN_Northbound',
  schemaFile: '/s',
  marker: null,
  connections: null,
  listen: { method: 'tcp', port: 6641 },
  replicationPort: 16641,
  run: { mode: 'process', program: ['ovsdb-server'], unit: null, control: 'appctl' },
  controlSocket: '/run/nb.ctl',
  databaseSocket: '/run/nb.sock',
  databaseFile: '/db/nb.db',
  logFile: '/log/nb.log',
  pidFile: '/run/nb.pid',
  tls: null,
  ...changes
})

test('listeners and sources are spelt by method, with IPv6 in brackets', () => {
  const ssl = server({ listen: { method: 'ssl', port: 6641 } })
  assert.equal(replicationRemote(server(), '10.0.0.1'), 'ptcp:16641:10.0.0.1')
  assert.equal(replicationRemote(ssl, 'fd00::1'), 'pssl:16641:[fd00::1]')
  assert.equal(replicationSource(ssl, 'fd00::2'), 'ssl:[fd00::2]:16641')
  assert.equal(gateRemote(server(), '10.0.0.100'), 'ptcp:6641:10.0.0.100')
})

test('every listener on the clients\' port is a gate, whoever opened it, and the replication listener never is', () => {
  const gate = (remote: string, config = server()) => isGateRemote(config, '10.0.0.1', remote)
  for (const remote of ['ptcp:6641:10.0.0.100', 'ptcp:6641', 'pssl:06641:[fd00::1]', 'ptcp:6641:0.0.0.0']) assert.ok(gate(remote), remote)
  for (const remote of ['punix:/run/nb.sock', 'ptcp:16641:10.0.0.1', 'ptcp:66410:10.0.0.1', 'tcp:10.0.0.9:6641', 'db:OVN_Northbound,NB_Global,connections']) assert.ok(!gate(remote), remote)
  assert.ok(!gate('ptcp:6641:10.0.0.1', server({ replicationPort: 6641 })), 'both may use one port on different addresses')
})

test('whatever listens on the replication port of this node\'s address serves replication', () => {
  const has = (...remotes: string[]) => hasReplicationRemote(server(), '10.0.0.1', remotes)
  for (const remote of ['ptcp:16641:10.0.0.1', 'pssl:16641', 'ptcp:016641:0.0.0.0', 'pssl:16641:[::]']) assert.ok(has('punix:/run/nb.sock', remote), remote)
  for (const remote of ['punix:/run/nb.sock', 'ptcp:6641:10.0.0.1', 'ptcp:16641:10.0.0.100', 'tcp:10.0.0.1:16641']) assert.ok(!has(remote), remote)
})

test('a server is started detached, with its files, and with certificates where it speaks TLS', () => {
  assert.deepEqual(processArguments(server()), ['--detach', '--no-chdir', '--pidfile=/run/nb.pid', '--log-file=/log/nb.log', '--unixctl=/run/nb.ctl'])
  const tls = { privateKey: '/k', certificate: '/c', caCertificate: '/ca' }
  assert.deepEqual(processArguments(server({ tls })).slice(5), ['--private-key=/k', '--certificate=/c', '--ca-cert=/ca'])
  assert.equal(heartbeatFile(server()), '/db/nb.heartbeat.db')
})

test('a command line that could bring up an active is refused (S5)', () => {
  assert.equal(birthProblem(['ovsdb-server', '--sync-from=tcp:192.0.2.254:6641', '/db']), null)
  assert.equal(birthProblem(['ovsdb-server', '--config-file=/f']), null)
  assert.match(birthProblem(['ovsdb-server', '/db']) ?? '', /born active/)
  assert.match(birthProblem(['ovsdb-server', '--monitor', '--sync-from=x']) ?? '', /--monitor/)
  assert.match(birthProblem(['ovsdb-server', '--active', '--sync-from=x']) ?? '', /--active/)
})

test('ovsdb-tool is the one of the same installation, run the same way', () => {
  assert.deepEqual(toolBeside(['/usr/sbin/ovsdb-server']), ['/usr/bin/ovsdb-tool'])
  assert.deepEqual(toolBeside(['/t/ld.so', '--library-path', '/t/lib', '/t/usr/sbin/ovsdb-server']), ['/t/ld.so', '--library-path', '/t/lib', '/t/usr/bin/ovsdb-tool'])
  assert.deepEqual(toolBeside(['ovsdb-server']), ['ovsdb-tool'])
})
