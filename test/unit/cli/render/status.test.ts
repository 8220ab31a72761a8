import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPaint } from '../../../../cli/render/style.ts'
import { renderStatus } from '../../../../cli/render/status.ts'
import type { ClusterView } from '../../../../protocol/api.ts'
import { activeNode, clusterView, nodeView, operationView, serverReport } from '../../controller/api/views.ts'
import { assertGolden } from '../golden.ts'

test('a healthy cluster says who serves and who follows', async () => {
  await assertGolden('status-healthy', paint => renderStatus(clusterView(), paint))
})

test('a holding cluster names each refused node with its reason, each diagnosis says only what is not said yet, and a lost node is shown as what it last said', async () => {
  await assertGolden('status-holding', paint => renderStatus(clusterView({
    state: 'holding',
    summary: 'n1 is lost and nobody serves; no node that is left has all its data.',
    active: null,
    endpoints: [{ address: '10.0.0.100', holders: [] }],
    hold: {
      code: 'noCandidate',
      message: 'No node can take over without losing acknowledged writes. Bring n1 back, or force it: ovsdb-ha failover ovn --force.',
      refused: [
        { node: 'n2', code: 'notInSync', message: 'n2 is at (7, 80), 40 heartbeats behind the last active n1 at (7, 120)' },
        { node: 'n3', code: 'incomplete', message: 'n3 was in the middle of a resync' }
      ]
    },
    diagnoses: [
      { name: 'clusterHolds', node: null, message: 'No node can take over without losing acknowledged writes. Bring n1 back, or force it: ovsdb-ha failover ovn --force.', runbook: 'no-candidate.md', evidence: [] },
      { name: 'deadNode', node: 'n1', message: 'nothing is heard of n1: it is down, cut off from all, or its agent is stuck', runbook: 'dead-node.md', evidence: [{ by: 'ctl-a', saw: 'no reports: other side closed', at: '2026-01-02T03:04:05.678Z' }] },
      { name: 'incompleteCopy', node: 'n3', message: 'the copy of nb on n3 is not complete', runbook: 'incomplete-copy.md', evidence: [{ by: 'n3', saw: 'nb: the copy of OVN_Northbound was cut off', at: '2026-01-02T03:04:05.678Z' }] }
    ],
    nodes: [
      activeNode({ reachable: false, lastReportAgoMs: 12_400, leaseRemainingMs: 0, summary: 'n1 is not reachable for 12.4 s (other side closed)' }),
      nodeView({ name: 'n2', following: null, lagHeartbeats: 40, summary: 'backup, follows nobody', ineligible: { node: 'n2', code: 'notInSync', message: '40 heartbeats behind' } }),
      nodeView({ name: 'n3', following: null, lagHeartbeats: null, summary: 'backup, follows nobody', servers: [serverReport({ complete: false, incompleteReason: 'the copy of OVN_Northbound was cut off' })] }),
      nodeView({ name: 'n4', reachable: false, lastReportAgoMs: null, role: 'none', phase: null, following: null, lagHeartbeats: null, term: 0, summary: '', servers: [] })
    ]
  }), paint))
})

test('a controller that does not lead says so, and whom it follows; one that leads needs no word of it', () => {
  const lines = (controller: ClusterView['controller']) => renderStatus(clusterView({ controller }), createPaint(false)).filter(line => line.includes('answered by'))
  assert.deepEqual(lines({ name: 'c1', leads: true, leader: null }), [])
  assert.deepEqual(lines({ name: 'c2', leads: false, leader: { name: 'c1', url: 'https://10.0.0.11:8640' } }), ['  answered by c2, which follows c1 (https://10.0.0.11:8640)'])
  assert.match(lines({ name: 'c2', leads: false, leader: null }).join(), /c2, which does not lead this cluster; who does is not known/)
})

test('failovers that count say whom they lock out, and a budget that is spent says until when and what helps', async () => {
  const one = { term: 8, at: '2026-01-02T03:04:05.678Z', failed: 'n1', to: 'n2', why: 'n1 released term 7', counts: true, lockedOutUntil: '2026-01-02T03:14:05.678Z' }
  await assertGolden('status-flapping', paint => renderStatus(clusterView({
    state: 'holding',
    summary: 'Nobody is known to serve: n3 would take over, but 2 automatic failovers are all that the budget allows.',
    hold: { code: 'budgetSpent', message: 'n3 would take over, but 2 automatic failovers are all that the budget allows', refused: [] },
    recoveries: { limitFailovers: 2, usedFailovers: 2, freeAt: '2026-01-02T04:04:05.678Z', open: [one, { ...one, term: 9, failed: 'n2', to: 'n1', lockedOutUntil: null }] },
    nodes: []
  }), paint))
})

test('rescues that nobody has acknowledged are said with their node, others are not', () => {
  const lines = (unacknowledgedFiles: number) => renderStatus(clusterView({ nodes: [nodeView({ name: 'n2', rescues: { files: 3, bytes: 9, unacknowledgedFiles } }), nodeView({ name: 'n3', rescues: null })] }), createPaint(false)).filter(line => line.includes('rescue'))
  assert.deepEqual(lines(2), ['  rescues: 2 on n2 that nobody has acknowledged may hold lost writes: ovsdb-ha rescue list'])
  assert.deepEqual(lines(0), [])
})

test('a job whose last run failed or did not happen is told, in its own words', () => {
  const missed = { job: 'drill' as const, at: '2026-01-02T03:30:00.000Z', by: null, outcome: 'missed' as const, message: 'the drill of 2026-01-02T03:30:00.000Z did not happen: a compaction ran', durationMs: null }
  const text = renderStatus(clusterView({ schedules: [missed] }), createPaint(false)).join(' ').replaceAll(/\s+/g, ' ')
  assert.match(text, /drill missed \(2026-01-02 03:30:00 UTC\): the drill of 2026-01-02T03:30:00\.000Z did not happen: a compaction ran\. See ovsdb-ha schedules/)
})

test('what operators want of a node is said with who wants it, since when and until when; of other nodes nothing is', () => {
  const preference = { preference: 'avoid' as const, by: 'ann', at: '2026-01-02T03:04:05.678Z', until: '2026-01-02T05:04:05.678Z', reason: 'old disk' }
  const lines = renderStatus(clusterView({ nodes: [nodeView({ name: 'n2', preference }), nodeView({ name: 'n3' })] }), createPaint(false)).join(' ').replaceAll(/\s+/g, ' ')
  assert.match(lines, /n2 is avoided while another node has the same data \(avoid, by ann since 2026-01-02 03:04:05 UTC, until 2026-01-02 05:04:05 UTC: old disk\)/)
  assert.doesNotMatch(lines, /n3 is (avoided|preferred|never)/)
})

test('a fence device that cannot be relied on is said beside its node', () => {
  const text = renderStatus(clusterView({ nodes: [activeNode({ fence: { device: true, problem: 'fence_ipmilan: no route to 10.9.0.11', fenced: null } })] }), createPaint(false)).join(' ').replaceAll(/\s+/g, ' ')
  assert.match(text, /serves clients; its fence device cannot be relied on: fence_ipmilan: no route to 10\.9\.0\.11/)
})

test('a paused cluster says by whom and why, a change that runs is told, and S9 is not hidden', async () => {
  await assertGolden('status-paused', paint => renderStatus(clusterView({
    state: 'changing',
    summary: 'n2 is being promoted.',
    paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: 'moving racks' },
    automaticFailover: { possible: false, why: 'two data nodes without a third voter or a fence device' },
    voters: { generation: 1, names: ['n1', 'n2', 'n3'] },
    configDiffers: null,
    operation: operationView({ outcome: 'running', durationMs: null }),
    nodes: [
      activeNode({
        phase: 'handingOver',
        summary: 'hands over',
        servers: [serverReport({ role: 'active', health: 'busy', reason: 'no answer to echo for 1.2 s while it uses the CPU' }), serverReport({ name: 'sb', role: 'active' })],
        problems: [{ code: 'DISK', server: 'sb', message: 'less than 10 % of the disk is free' }]
      }),
      nodeView({ name: 'n2', address: '10.0.0.2' }),
      nodeView({ name: 'w1', witness: true, role: 'witness', phase: 'witness', summary: 'votes', following: null, lagHeartbeats: null, servers: [] })
    ]
  }), paint))
})

test('two holders of one endpoint cannot be overlooked, and hostile or endless words do not break the page', async () => {
  await assertGolden('status-hostile', paint => renderStatus(clusterView({
    name: 'a-cluster-with-a-name-that-is-as-long-as-a-name-may-be-in-a-file',
    summary: 'Two nodes hold the endpoint.\u001b[2J Look at once.',
    endpoints: [{ address: 'fd00:1234:5678:9abc:def0:1234:5678:9abc', holders: ['n1', 'n2'] }],
    nodes: [activeNode({
      name: 'a-node-with-a-very-long-name.example.org',
      problems: [{ code: 'X', server: null, message: `/${'very-long-path-without-any-space'.repeat(4)}\nis full` }]
    })]
  }), paint))
})
