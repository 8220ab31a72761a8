import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createControllerMetrics } from '../../../controller/metrics.ts'
import { DIAGNOSIS_PAGES, type DiagnosisName } from '../../../protocol/diagnosis.ts'
import type { Happening } from '../../../protocol/report.ts'
import { activeNode, clusterView, nodeView, operationView } from './api/views.ts'

async function series (metrics: ReturnType<typeof createControllerMetrics>, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics()
  return text.split('\n').filter(line => line.startsWith(`ovsdb_ha_${name}{`)).map(line => line.slice('ovsdb_ha_'.length))
}

test('a view sets the gauges of its cluster and nodes', async () => {
  const metrics = createControllerMetrics({ version: '1.2.3' })
  metrics.viewChanged(clusterView({ nodes: [activeNode(), nodeView({ name: 'n2', lagHeartbeats: 3 }), nodeView({ name: 'n3', reachable: false, role: 'none', lagHeartbeats: null })] }))
  assert.deepEqual(await series(metrics, 'active_nodes'), ['active_nodes{cluster="ovn"} 1'])
  assert.deepEqual(await series(metrics, 'agent_reachable'), ['agent_reachable{cluster="ovn",node="n1"} 1', 'agent_reachable{cluster="ovn",node="n2"} 1', 'agent_reachable{cluster="ovn",node="n3"} 0'])
  assert.deepEqual((await series(metrics, 'node_role')).filter(line => line.endsWith(' 1')), ['node_role{cluster="ovn",node="n1",role="active"} 1', 'node_role{cluster="ovn",node="n2",role="backup"} 1', 'node_role{cluster="ovn",node="n3",role="none"} 1'])
  assert.deepEqual(await series(metrics, 'replication_lag_heartbeats'), ['replication_lag_heartbeats{cluster="ovn",node="n2"} 3'])
  assert.deepEqual(await series(metrics, 'build_info'), [`build_info{version="1.2.3",node_version="${process.version}"} 1`])
})

test('two active nodes are counted as two', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  metrics.viewChanged(clusterView({ nodes: [activeNode(), activeNode({ name: 'n2' })] }))
  assert.deepEqual(await series(metrics, 'active_nodes'), ['active_nodes{cluster="ovn"} 2'])
})

test('a diagnosis is there by name and node while it is true, and leaves nothing behind', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const diagnosis = (name: DiagnosisName, node: string | null) => ({ name, node, message: '', runbook: DIAGNOSIS_PAGES[name], evidence: [] })
  metrics.viewChanged(clusterView({ diagnoses: [diagnosis('deadNode', 'n1'), diagnosis('deadNode', 'n2'), diagnosis('clusterHolds', null)] }))
  assert.deepEqual(await series(metrics, 'diagnosis'), ['diagnosis{cluster="ovn",diagnosis="deadNode",node="n1"} 1', 'diagnosis{cluster="ovn",diagnosis="deadNode",node="n2"} 1', 'diagnosis{cluster="ovn",diagnosis="clusterHolds",node=""} 1'])
  metrics.viewChanged(clusterView({ diagnoses: [diagnosis('deadNode', 'n2')] }))
  assert.deepEqual(await series(metrics, 'diagnosis'), ['diagnosis{cluster="ovn",diagnosis="deadNode",node="n2"} 1'])
})

test('what was lost with a node is there by server as it was counted last, and not where it could not be', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const loss = { server: 'nb', wroteTerm: 7, active: 'n2', missingRows: 3, changedRows: 1, extraRows: 9, problem: null, rescue: null }
  const told = (facts: Happening['facts'], kind = 'lossCounted') => metrics.happened({ cluster: 'ovn', node: 'n1', bootId: 'b', sequence: 1, message: '', kind, facts })
  told(loss, 'rescueKept')
  assert.deepEqual(await series(metrics, 'lost_rows'), [])
  told(loss)
  told({ ...loss, server: 'sb', missingRows: 0, changedRows: 0 })
  assert.deepEqual(await series(metrics, 'lost_rows'), ['lost_rows{cluster="ovn",node="n1",server="nb"} 4', 'lost_rows{cluster="ovn",node="n1",server="sb"} 0'])
  told({ ...loss, problem: 'no answer' })
  assert.deepEqual(await series(metrics, 'lost_rows'), ['lost_rows{cluster="ovn",node="n1",server="sb"} 0'])
})

test('the budget, what it counts, and who is locked out', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const one = { term: 8, at: '', failed: 'n1', to: 'n2', why: '', counts: true, lockedOutUntil: 'later' }
  const over = { ...one, term: 7, failed: 'n2', lockedOutUntil: null }
  metrics.viewChanged(clusterView({ recoveries: { limitFailovers: 4, usedFailovers: 2, freeAt: null, open: [over, one] } }))
  assert.deepEqual(await series(metrics, 'failovers_counted'), ['failovers_counted{cluster="ovn"} 2'])
  assert.deepEqual(await series(metrics, 'failover_budget'), ['failover_budget{cluster="ovn"} 4'])
  assert.deepEqual((await series(metrics, 'node_locked_out')).filter(line => line.endsWith(' 1')), ['node_locked_out{cluster="ovn",node="n1"} 1'])
})

test('what operators want of a node is one-hot, and gone with its end', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const set = async (preference: 'avoid' | 'never' | null) => {
    metrics.viewChanged(clusterView({ nodes: [nodeView({ name: 'n2', preference: preference === null ? null : { preference, by: '', at: '', until: null, reason: '' } })] }))
    return (await series(metrics, 'node_preference')).filter(line => line.endsWith(' 1'))
  }
  assert.deepEqual(await set('avoid'), ['node_preference{cluster="ovn",node="n2",preference="avoid"} 1'])
  assert.deepEqual(await set('never'), ['node_preference{cluster="ovn",node="n2",preference="never"} 1'])
  assert.deepEqual(await set(null), [])
})

test('a reason that blocks failover is there while it is true, and leaves nothing behind', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  metrics.viewChanged(clusterView({
    paused: { by: 'ann', at: '', reason: '' },
    hold: { code: 'noCandidate', message: '', refused: [] },
    automaticFailover: { possible: false, why: 'two voters' }
  }))
  assert.deepEqual(await series(metrics, 'failover_blocked'), ['failover_blocked{cluster="ovn",reason="noCandidate"} 1', 'failover_blocked{cluster="ovn",reason="paused"} 1', 'failover_blocked{cluster="ovn",reason="noAutomaticFailover"} 1'])
  assert.deepEqual(await series(metrics, 'paused'), ['paused{cluster="ovn"} 1'])
  metrics.viewChanged(clusterView({ hold: { code: 'noCandidate', message: '', refused: [] } }))
  assert.deepEqual(await series(metrics, 'failover_blocked'), ['failover_blocked{cluster="ovn",reason="noCandidate"} 1'])
  assert.deepEqual(await series(metrics, 'paused'), ['paused{cluster="ovn"} 0'])
})

test('an ended operation is counted by kind and outcome, and its steps are measured in seconds', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  metrics.operationEnded('ovn', operationView())
  metrics.operationEnded('ovn', operationView({ outcome: 'undone', durationMs: null, steps: [] }))
  assert.deepEqual(await series(metrics, 'failover_total'), ['failover_total{cluster="ovn",kind="failover",outcome="done"} 1', 'failover_total{cluster="ovn",kind="failover",outcome="undone"} 1'])
  const sums = await series(metrics, 'failover_duration_seconds_sum')
  assert.ok(sums.includes('failover_duration_seconds_sum{step="total"} 0.0482'), sums.join('\n'))
  assert.ok(sums.includes('failover_duration_seconds_sum{step="detect"} 0.0012'), sums.join('\n'))
})

test('step names that never end are counted as other beyond a limit', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const steps = Array.from({ length: 200 }, (_, index) => ({ name: `step${index}`, node: null, startMs: 0, endMs: 1, error: null }))
  metrics.operationEnded('ovn', operationView({ steps }))
  const counts = await series(metrics, 'failover_duration_seconds_count')
  assert.equal(counts.length, 41)
  assert.ok(counts.includes('failover_duration_seconds_count{step="other"} 161'), counts.join('\n'))
})

test('leadership counts its changes, not its renewals', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  for (const leads of [false, true, true, false]) metrics.leadership('ovn', leads)
  metrics.storeFailed('append')
  metrics.reportReceived('ovn', 'n1', 1_767_000_000.5)
  assert.deepEqual(await series(metrics, 'controller_is_leader'), ['controller_is_leader{cluster="ovn"} 0'])
  assert.deepEqual(await series(metrics, 'controller_leader_transitions_total'), ['controller_leader_transitions_total{cluster="ovn"} 2'])
  assert.ok((await series(metrics, 'store_errors_total')).includes('store_errors_total{operation="append"} 1'))
  assert.deepEqual(await series(metrics, 'agent_last_report_timestamp_seconds'), ['agent_last_report_timestamp_seconds{cluster="ovn",node="n1"} 1767000000.5'])
})

test('a node that is in the view no more leaves no series behind, and those of others stay', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const gone = nodeView({ name: 'n9', lagHeartbeats: 1, fence: { device: true, problem: null, fenced: null } })
  metrics.viewChanged(clusterView({ name: 'other', nodes: [gone] }))
  metrics.viewChanged(clusterView({ nodes: [activeNode(), gone] }))
  metrics.reportReceived('ovn', 'n9', 1)
  const of = async (cluster: string) => (await metrics.registry.metrics()).split('\n').filter(line => line.includes(`cluster="${cluster}",node="n9"`) && !line.startsWith('ovsdb_ha_fence_total'))
  assert.ok((await of('ovn')).length > 10, (await of('ovn')).join('\n'))
  metrics.viewChanged(clusterView({ nodes: [activeNode()] }))
  assert.deepEqual(await of('ovn'), [])
  assert.ok((await of('other')).length > 10)
})

test('counters that alerts look at begin at 0, so that the first one is seen as an increase', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  metrics.leadership('ovn', true)
  metrics.viewChanged(clusterView({ nodes: [activeNode({ fence: { device: true, problem: null, fenced: null } })] }))
  assert.ok((await series(metrics, 'failover_total')).includes('failover_total{cluster="ovn",kind="failover",outcome="done"} 0'))
  assert.ok((await series(metrics, 'fence_total')).includes('fence_total{cluster="ovn",node="n1",action="off",outcome="failed"} 0'))
  assert.ok((await series(metrics, 'store_errors_total')).includes('store_errors_total{operation="append"} 0'))
  assert.deepEqual(await series(metrics, 'failover_duration_seconds_count'), ['failover_duration_seconds_count{step="total"} 0'])
  assert.deepEqual(await series(metrics, 'controller_is_leader'), ['controller_is_leader{cluster="ovn"} 1'])
  metrics.operationEnded('ovn', operationView())
  metrics.viewChanged(clusterView({}))
  assert.ok((await series(metrics, 'failover_total')).includes('failover_total{cluster="ovn",kind="failover",outcome="done"} 1'), 'a later view counts nothing back')
})

test('the next switchover for a set time is told as a time, while one waits', async () => {
  const metrics = createControllerMetrics({ version: '1' })
  const planned = (at: string, begunAt: string | null = null) => ({ id: at, at, withinMs: 1, to: null, by: '', askedAt: '', reason: '', begunAt })
  metrics.viewChanged(clusterView({ planned: [planned('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'), planned('2026-01-03T00:00:00Z'), planned('2026-01-02T00:00:00Z')] }))
  assert.deepEqual(await series(metrics, 'planned_switchover_timestamp_seconds'), [`planned_switchover_timestamp_seconds{cluster="ovn"} ${Date.parse('2026-01-02') / 1_000}`])
  metrics.viewChanged(clusterView({ planned: [] }))
  assert.deepEqual(await series(metrics, 'planned_switchover_timestamp_seconds'), [])
})
