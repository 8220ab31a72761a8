import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireConfig } from '../../../protocol/config.ts'
import { resolveDraft } from '../../../protocol/config-resolve.ts'
import { fileWith, problemsWith, soundFile } from '../../config-fixture.ts'

const resolved = (edits: Readonly<Record<string, unknown>>) => requireConfig(fileWith(edits), 'cluster.yaml').config

test('what is left out of a file gets its default', () => {
  const config = resolved({})
  assert.deepEqual(config.controller, { name: 'controller', listen: '127.0.0.1', port: 8640, others: [], store: { type: 'embedded', file: '/var/lib/ovsdb-ha/controller.db' }, recoveriesAtOnce: 8, tokens: [] })
  assert.deepEqual(config.clusters[0]?.failover, { budgetFailovers: 4, budgetWindowMs: 3_600_000, lockoutMs: 600_000 })
  assert.deepEqual(config.clusters[0]?.members[0], { name: 'ctl1', address: '10.0.0.11', agentPort: 8643, priority: 0, witness: false })
  assert.deepEqual(config.clusters[0]?.servers[0], {
    name: 'nb',
    database: 'OVN_Northbound',
    schemaFile: '/usr/share/ovn/ovn-nb.ovsschema',
    listen: { method: 'tcp', port: 6641 },
    replicationPort: 16641,
    run: { mode: 'process', program: ['ovsdb-server'], unit: null, control: 'appctl' },
    controlSocket: '/run/ovsdb-ha/ovn/nb.ctl',
    databaseSocket: '/run/ovsdb-ha/ovn/nb.sock',
    databaseFile: '/var/lib/ovsdb-ha/ovn/nb.db',
    logFile: '/var/log/ovsdb-ha/ovn-nb.log',
    pidFile: '/run/ovsdb-ha/ovn/nb.pid',
    marker: null,
    connections: null,
    tls: null
  })
  assert.deepEqual(config.clusters[0]?.timing, {
    leaseMs: 2_000,
    renewEveryMs: 500,
    reportEveryMs: 250,
    suspectAfterMs: 1_000,
    probeEveryMs: 250,
    hungAfterMs: 1_000,
    busyAfterMs: 20_000,
    heartbeatEveryMs: 1_000,
    maxLagHeartbeats: 3,
    handoverDeadlineMs: 2_000,
    promoteDeadlineMs: 5_000,
    resyncDeadlineMs: 120_000,
    endpointLingerMs: 200,
    commandTimeoutMs: 2_000,
    coldStartWaitMs: 30_000
  })
  assert.deepEqual(config.clusters[0]?.rescue, { directory: '/var/lib/ovsdb-ha/ovn/rescue', maxFiles: 20, maxBytes: 1_073_741_824, maxAgeMs: 2_592_000_000 })
  assert.equal(config.clusters[0]?.guard, 'nftables')
})

test('a fence is resolved with its times, and is none of the agents\' business: members do not have it', () => {
  const levels = [{ agent: 'fence_ipmilan', options: { ip: '10.9.0.1' }, secrets: { password: '/etc/p' }, timeout: '20s' }, { exec: ['/usr/bin/power', 'rack7'] }]
  const config = resolved({ 'nodes.0.fence': { delay: '2s', levels } })
  assert.deepEqual(config.nodes[0]?.fence, {
    delayMs: 2_000,
    afterwards: 'off',
    levels: [
      { kind: 'agent', program: ['fence_ipmilan'], options: { ip: '10.9.0.1' }, secretFiles: { password: '/etc/p' }, timeoutMs: 20_000 },
      { kind: 'exec', program: ['/usr/bin/power', 'rack7'], options: {}, secretFiles: {}, timeoutMs: 30_000 }
    ]
  })
  assert.equal(config.nodes[1]?.fence, null)
  assert.equal('fence' in (config.clusters[0]?.members[0] ?? {}), false)
})

test('names are folded to lower case wherever they stand, so that Ctl1 and ctl1 are one node', () => {
  const config = resolved({ 'nodes.0.name': 'CTL1', 'clusters.0.nodes.1': 'Ctl2', 'clusters.0.name': 'OVN' })
  assert.deepEqual(config.clusters[0]?.members.map(member => member.name), ['ctl1', 'ctl2', 'ctl3'])
  assert.equal(config.clusters[0]?.members[0]?.address, '10.0.0.11')
  assert.equal(config.clusters[0]?.servers[0]?.controlSocket, '/run/ovsdb-ha/ovn/nb.ctl')
})

test('a virtual address is split, and IPv6 gets its canonical text', () => {
  const config = resolved({ 'clusters.0.endpoints.0.addresses': ['10.0.0.100/24', 'FD00:0::0100/64'] })
  assert.deepEqual(config.clusters[0]?.endpoints, [{
    type: 'vip',
    interface: 'eth0',
    addresses: [
      { address: '10.0.0.100', prefixLength: 24, family: 4 },
      { address: 'fd00::100', prefixLength: 64, family: 6 }
    ]
  }])
})

test('an endpoint behind load balancers has the port that was written for their checks, or none', () => {
  const config = resolved({ 'clusters.0.endpoints': [{ type: 'http', checkPort: 8_644 }] })
  assert.deepEqual(config.clusters[0]?.endpoints, [{ type: 'http', checkPort: 8_644 }])
  assert.deepEqual(resolved({ 'clusters.0.endpoints': [{ type: 'http' }] }).clusters[0]?.endpoints, [{ type: 'http', checkPort: null }])
})

test('a program is a list, whether it is written as a text or as one', () => {
  assert.deepEqual(resolved({ 'clusters.0.servers.0.run.program': '/opt/ovs/ovsdb-server' }).clusters[0]?.servers[0]?.run.program, ['/opt/ovs/ovsdb-server'])
  assert.deepEqual(resolved({ 'clusters.0.servers.0.run.program': ['ld.so', '/opt/ovsdb-server'] }).clusters[0]?.servers[0]?.run.program, ['ld.so', '/opt/ovsdb-server'])
})

test('what was written replaces what is derived', () => {
  const config = resolved({ 'agent.runDirectory': '/r', 'agent.stateDirectory': '/s', 'clusters.0.servers.0.pidFile': '/p', 'clusters.0.servers.0.replicationPort': 7000, 'clusters.0.rescue.maxSize': '1KiB' })
  const [server] = config.clusters[0]?.servers ?? []
  assert.deepEqual([server?.controlSocket, server?.databaseFile, server?.pidFile, server?.replicationPort], ['/r/ovn/nb.ctl', '/s/ovn/nb.db', '/p', 7000])
  assert.deepEqual(config.clusters[0]?.rescue, { directory: '/s/ovn/rescue', maxFiles: 20, maxBytes: 1_024, maxAgeMs: 2_592_000_000 })
})

test('a refused value is left open and never replaced by a default, nor is anything inside it', () => {
  const draft = resolveDraft({ ...soundFile(), agent: 5, controller: { port: 'x' } }, [['agent'], ['controller', 'port'], ['clusters', 0, 'timing']])
  assert.deepEqual(draft.agent, { stateDirectory: undefined, runDirectory: undefined, watchdog: undefined })
  assert.equal(draft.controller?.port, undefined)
  assert.equal(draft.controller?.listen, '127.0.0.1')
  assert.equal(draft.clusters?.[0]?.timing?.leaseMs, undefined)
  assert.equal(draft.clusters?.[0]?.servers?.[0]?.controlSocket, undefined)
  assert.equal(draft.clusters?.[0]?.servers?.[0]?.logFile, '/var/log/ovsdb-ha/ovn-nb.log')
})

test('a budget, a lock-out and the number of recoveries are taken as they are written', () => {
  const config = resolved({ 'clusters.0.failover': { budgetPerHour: 12, lockout: '0s' }, 'controller.recoveriesAtOnce': 2 })
  assert.deepEqual(config.clusters[0]?.failover, { budgetFailovers: 12, budgetWindowMs: 3_600_000, lockoutMs: 0 })
  assert.equal(config.controller.recoveriesAtOnce, 2)
})

test('no budget at all, a number without its unit and unknown keys are refused', () => {
  const paths = (edits: Readonly<Record<string, unknown>>) => problemsWith(edits).map(({ path }) => path)
  assert.deepEqual(paths({ 'clusters.0.failover.budgetPerHour': 0 }), ['clusters[0].failover.budgetPerHour'])
  assert.deepEqual(paths({ 'clusters.0.failover.lockout': 600 }), ['clusters[0].failover.lockout'])
  assert.deepEqual(paths({ 'clusters.0.failover.lockout': '25h' }), ['clusters[0].failover.lockout'])
  assert.deepEqual(paths({ 'clusters.0.failover.budget': 4 }), ['clusters[0].failover.budget'])
  assert.deepEqual(paths({ 'controller.recoveriesAtOnce': 0 }), ['controller.recoveriesAtOnce'])
})
