import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configDigest } from '../../../protocol/config-digest.ts'
import { requireConfig } from '../../../protocol/config.ts'
import { withSockets } from '../../../protocol/companion.ts'
import { fileWith, problemsWith, warningsWith } from '../../config-fixture.ts'

const NORTHD = ['ovn-northd', '--ovnnb-db=unix:{socket:nb}', '--ovnsb-db=unix:{socket:sb}']
const withCompanions = (...companions: readonly unknown[]) => ({ 'clusters.0.companions': companions })
const withConnections = (...connections: readonly unknown[]) => ({ 'clusters.0.servers.0.connections': connections })
const cluster = (edits: Readonly<Record<string, unknown>>) => {
  const [found] = requireConfig(fileWith(edits), 'cluster.yaml').config.clusters
  assert.ok(found !== undefined)
  return found
}
const said = (edits: Readonly<Record<string, unknown>>) => problemsWith(edits).map(({ path, message }) => `${path} ${message}`)

describe('companions', () => {
  test('what is left out of one gets its default', () => {
    assert.deepEqual(cluster(withCompanions({ name: 'Northd', command: NORTHD })).companions, [{
      name: 'northd',
      run: { type: 'command', command: NORTHD, logFile: '/var/log/ovsdb-ha/ovn-northd.log', stateFile: '/run/ovsdb-ha/ovn/companion-northd.json' },
      check: [],
      required: false,
      startTimeoutMs: 2_000,
      stopTimeoutMs: 500,
      checkEveryMs: 1_000,
      checkTimeoutMs: 1_000,
      restarts: 5,
      restartWindowMs: 600_000
    }])
    assert.deepEqual(cluster(withCompanions({ name: 'northd', unit: 'ovn-northd.service' })).companions[0]?.run, { type: 'unit', unit: 'ovn-northd.service' })
    assert.deepEqual(cluster({}).companions, [])
  })

  test('a placeholder becomes the local socket of the server it names', () => {
    assert.deepEqual(withSockets(NORTHD, { nb: '/run/nb.sock', sb: '/run/sb.sock' }), ['ovn-northd', '--ovnnb-db=unix:/run/nb.sock', '--ovnsb-db=unix:/run/sb.sock'])
  })

  test('one that dials a node itself is refused, however the address is written: that node may be a backup', () => {
    for (const argument of ['--ovnnb-db=tcp:10.0.0.12:6641', '--ovnnb-db=tcp:10.0.0.100:6641,ssl:10.0.0.12:6641']) {
      const [problem] = problemsWith(withCompanions({ name: 'northd', command: ['ovn-northd', argument] }))
      assert.equal(problem?.path, 'clusters[0].companions[0].command[1]')
      assert.match(problem.message, /dials the node ctl2 itself, which may be a backup/)
    }
    const six = { 'nodes.1.address': 'fd00::12', 'clusters.0.networks': ['10.0.0.0/24', 'fd00::/64'] }
    assert.match(said({ ...six, ...withCompanions({ name: 'northd', command: ['ovn-northd', '--ovnnb-db=tcp:[FD00:0::12]:6641'] }) }).join(), /dials the node ctl2 itself/)
    assert.deepEqual(said(withCompanions({ name: 'northd', command: ['ovn-northd', '--ovnnb-db=tcp:10.0.0.100:6641'] })), [])
  })

  test('one that is neither command nor unit, or both, is refused', () => {
    assert.deepEqual(said(withCompanions({ name: 'northd' })), ['clusters[0].companions[0].command is missing'])
    assert.match(said(withCompanions({ name: 'northd', command: NORTHD, unit: 'ovn-northd.service' })).join(), /unit cannot be there beside command/)
  })

  test('a command that detaches itself is refused: its end could not be seen', () => {
    assert.match(said(withCompanions({ name: 'northd', command: [...NORTHD, '--detach'] })).join(), /detaches itself/)
    assert.match(said(withCompanions({ name: 'northd', command: [...NORTHD, '--monitor'] })).join(), /detaches itself/)
  })

  test('a placeholder that means nothing is refused, and those that do are named', () => {
    const [problem] = problemsWith(withCompanions({ name: 'northd', command: ['ovn-northd', 'unix:{socket:xb}'] }))
    assert.equal(problem?.path, 'clusters[0].companions[0].command[1]')
    assert.equal(problem.allowed, '{socket:nb}, {socket:sb}')
  })

  test('a name that another companion or a server has is refused', () => {
    assert.match(said(withCompanions({ name: 'northd', command: NORTHD }, { name: 'NORTHD', command: NORTHD })).join(), /companions\[1\]\.name is the name of another companion/)
    assert.match(said(withCompanions({ name: 'nb', command: NORTHD })).join(), /companions\[0\]\.name is the name of a server/)
  })

  test('those that may take longer to stop than a switchover may last are refused, and those that are required and may start longer than a promotion', () => {
    assert.match(said(withCompanions({ name: 'a', command: NORTHD, stopTimeout: '1s' }, { name: 'b', command: NORTHD, stopTimeout: '1100ms' })).join(), /may take 2100ms to stop .* undone after 2s/)
    assert.match(said(withCompanions({ name: 'a', command: NORTHD, required: true, startTimeout: '5s' })).join(), /may take 5s to start .* undone after 5s/)
    assert.deepEqual(said(withCompanions({ name: 'a', command: NORTHD, startTimeout: '5s' })), [], 'one that is not required may take its time')
  })

  test('an unknown key is refused with the nearest known one', () => {
    const problem = problemsWith(withCompanions({ name: 'northd', comand: NORTHD })).find(({ path }) => path.endsWith('comand'))
    assert.equal(problem?.nearest, 'command')
  })

  test('a log file of a systemd service has no effect, and is told', () => {
    assert.match(warningsWith(withCompanions({ name: 'northd', unit: 'ovn-northd.service', logFile: '/var/log/x' })).map(({ message }) => message).join(), /goes to its journal/)
  })
})

describe('connections', () => {
  test('what is left out of a row is empty in it, and without any the rows are not ours', () => {
    const [nb, sb] = cluster(withConnections({ target: 'ptcp:6641:10.0.0.100', inactivityProbe: '60s' })).servers
    assert.deepEqual(nb?.connections, [{ target: 'ptcp:6641:10.0.0.100', inactivityProbeMs: 60_000, maxBackoffMs: null, readOnly: false, role: '', externalIds: {}, otherConfig: {} }])
    assert.equal(sb?.connections, null)
  })

  test('a listener on a port that the guard does not know is refused (S4)', () => {
    for (const target of ['ptcp:6649', 'pssl:16641:[fd00::1]']) assert.match(said(withConnections({ target })).join(), /connections\[0\]\.target listens on port \d+, which the guard does not know/)
    assert.deepEqual(said(withConnections({ target: 'ptcp:6641' }, { target: 'ssl:10.0.0.200:6640' })), [])
  })

  test('two rows with one target are refused, and what is no target', () => {
    assert.match(said(withConnections({ target: 'ptcp:6641' }, { target: 'ptcp:6641' })).join(), /connections\[1\]\.target is the target of another connection/)
    assert.match(said(withConnections({ target: '10.0.0.100:6641' })).join(), /connections\[0\]\.target does not have the allowed form/)
  })
})

test('nodes whose files differ in companions or connections have different digests, and paths make no difference (S11)', () => {
  const digests = [{}, withCompanions({ name: 'northd', command: NORTHD }), withCompanions({ name: 'northd', command: NORTHD, required: true }), withConnections({ target: 'ptcp:6641' })].map(edits => configDigest(cluster(edits)))
  assert.equal(new Set(digests).size, digests.length)
  assert.equal(configDigest(cluster(withCompanions({ name: 'northd', command: ['/opt/ovn-northd'] }))), digests[1])
})
