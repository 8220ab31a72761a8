// One factory per noun of the REST API; whatever a test sets is what it is about.
import type { ClusterView, NodeView, OperationView } from '../../../../protocol/api.ts'
import type { PlainPreview } from '../../../../controller/cluster-service.ts'
import type { Explanation } from '../../../../protocol/explain.ts'
import type { FailoverPreview } from '../../../../protocol/failover-preview.ts'
import type { ServerReport } from '../../../../protocol/report.ts'

export function serverReport (over: Partial<ServerReport> = {}): ServerReport {
  return {
    name: 'nb',
    database: 'OVN_Northbound',
    health: 'up',
    reason: null,
    overdue: false,
    role: 'backup',
    source: 'tcp:10.0.0.1:16641',
    replication: 'replicating',
    complete: true,
    incompleteReason: null,
    position: { term: 7, sequence: 120, writer: 'n1' },
    hasRows: true,
    pid: 4711,
    version: '3.1.0',
    fileBytes: 4_096,
    gateOpen: false,
    ...over
  }
}

export function nodeView (over: Partial<NodeView> = {}): NodeView {
  return {
    name: 'n1',
    address: '10.0.0.1',
    witness: false,
    priority: 100,
    preference: null,
    reachable: true,
    lastReportAgoMs: 240,
    role: 'backup',
    phase: 'backup',
    summary: 'follows n1',
    ineligible: null,
    following: 'n1',
    lagHeartbeats: 0,
    term: 7,
    leaseRemainingMs: 0,
    guard: 'nftables',
    fence: { device: false, problem: null, fenced: null },
    servers: [serverReport()],
    rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 },
    problems: [],
    ...over
  }
}

export const activeNode = (over: Partial<NodeView> = {}) => nodeView({
  role: 'active',
  phase: 'active',
  summary: 'serves clients',
  following: null,
  lagHeartbeats: null,
  leaseRemainingMs: 2_800,
  servers: [serverReport({ role: 'active', source: null, replication: 'none', gateOpen: true })],
  ...over
})

export function operationView (over: Partial<OperationView> = {}): OperationView {
  return {
    id: 'ovn-8-1',
    kind: 'failover',
    trigger: 'the nb server of n1 crashed',
    from: 'n1',
    to: 'n2',
    term: 8,
    startedAt: '2026-01-02T03:04:05.678Z',
    durationMs: 48.2,
    outcome: 'done',
    detail: 'n2 had the highest position (7, 120)',
    refused: [],
    steps: [
      { name: 'detect', node: 'n1', startMs: 0, endMs: 1.2, error: null },
      { name: 'fence', node: null, startMs: 1.2, endMs: 9.4, error: null },
      { name: 'promote', node: 'n2', startMs: 9.4, endMs: 31, error: null },
      { name: 'endpoint', node: 'n2', startMs: 31, endMs: 44.9, error: null },
      { name: 'firstWrite', node: 'n2', startMs: 44.9, endMs: 48.2, error: null }
    ],
    ...over
  }
}

export function clusterView (over: Partial<ClusterView> = {}): ClusterView {
  return {
    name: 'ovn',
    controller: { name: 'c1', leads: true, leader: null },
    state: 'serving',
    summary: 'n1 serves; 2 backups are in sync.',
    active: 'n1',
    term: 7,
    paused: null,
    automaticFailover: { possible: true, why: '3 voters' },
    recoveries: { limitFailovers: 4, usedFailovers: 0, freeAt: null, open: [] },
    voters: { generation: 1, names: ['n1', 'n2', 'n3'] },
    configDiffers: null,
    endpoints: [{ address: '10.0.0.100', holders: ['n1'] }],
    hold: null,
    operation: null,
    diagnoses: [],
    schedules: [],
    planned: [],
    nodes: [activeNode(), nodeView({ name: 'n2', address: '10.0.0.2' }), nodeView({ name: 'n3', address: '10.0.0.3', priority: 50 })],
    ...over
  }
}

/** n1 was lost, and n2 is chosen. */
export function explanation (over: Partial<Explanation> = {}): Explanation {
  const node = (name: string, more: Partial<Explanation['inputs']['nodes'][number]> = {}): Explanation['inputs']['nodes'][number] => ({
    node: name, witness: false, heardAgoMs: 120, reachable: true, phase: 'backup', term: 7, holder: 'n1', position: { term: 7, sequence: 120, writer: 'n1' }, following: 'n1', complete: true, renewals: [{ holder: 'n1', term: 7, agoMs: 1_950 }], ...more
  })
  return {
    cluster: 'ovn',
    at: '2026-01-02T03:04:05.678Z',
    decision: 'operation',
    what: 'A failover from n1 to n2 is running: n1 is lost: no reports for 2100 ms, and n2, n3 see it renew no more',
    rules: [
      { rule: 'S1', says: 'Two signs must agree.', because: 'n1 is lost: no reports for 2100 ms, and n2, n3 see it renew no more' },
      { rule: 'S6', says: 'Only a node in sync.', because: 'n2 is the only node that was in sync with n1' }
    ],
    inputs: {
      controller: 'ctl-a',
      leading: true,
      paused: false,
      term: 7,
      holder: 'n1',
      released: false,
      lastServed: { holder: 'n1', term: 7 },
      remembered: { active: 'n1', term: 7, sequence: 121 },
      voters: { answeringNodes: 2, neededNodes: 2, allNodes: 3 },
      nodes: [node('n1', { heardAgoMs: 2_100, reachable: false, phase: 'active', following: null, renewals: [] }), node('n2'), node('n3', { complete: false })]
    },
    candidates: [
      { node: 'n2', verdict: 'chosen', code: null, why: 'n2 is the only node that was in sync with n1' },
      { node: 'n1', verdict: 'refused', code: 'unreachable', why: 'n1 does not report (silent)' },
      { node: 'n3', verdict: 'refused', code: 'incomplete', why: 'the copy of nb on n3 is not complete: a resync was cut off' }
    ],
    diagnoses: ['deadNode n1', 'incompleteCopy n3'],
    ...over
  }
}

/** n1 serves and would hand over to n2; n3 is behind. */
export function preview (to: string | null = null, over: Partial<PlainPreview> = {}): PlainPreview {
  return {
    cluster: 'ovn',
    refusal: null,
    from: 'n1',
    to: to ?? 'n2',
    why: 'n2 is the only node that was in sync with n1',
    candidates: [
      { node: 'n2', verdict: 'chosen', code: null, why: 'would be promoted', lagHeartbeats: 0 },
      { node: 'n3', verdict: 'refused', code: 'behind', why: 'n3 is 40 heartbeats behind the last active n1', lagHeartbeats: 40 }
    ],
    steps: ['n1 closes its gate to clients', 'n2 waits for the marker'],
    undoneAfterMs: 2_000,
    ...over
  }
}

/** n1 is gone; n2 is behind, and only force takes it. */
export function failoverPreview (to: string | null = null, force = false, over: Partial<FailoverPreview> = {}): FailoverPreview {
  const lacks = 'n2 is 40 heartbeats behind the last active n1'
  return {
    cluster: 'ovn',
    refusal: force ? null : { code: 'OVSDB_HA_NO_CANDIDATE', message: 'no node can take over', hint: 'Wait.' },
    from: 'n1',
    to: force ? to ?? 'n2' : null,
    why: force ? `forced, and this is lost: ${lacks}` : '',
    unknown: ['n1 was last heard of at heartbeat 120 of term 7'],
    candidates: [
      force ? { node: 'n2', verdict: 'chosen', code: null, why: 'would be promoted', lacks, position: { term: 7, sequence: 80 } } : { node: 'n2', verdict: 'refused', code: 'behind', why: lacks, lacks: null, position: null },
      { node: 'n1', verdict: 'refused', code: 'unreachable', why: 'n1 does not report (silent)', lacks: null, position: null }
    ],
    ...over
  }
}
