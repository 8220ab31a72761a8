import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDiagnosisTeller } from '../../../controller/diagnosis-teller.ts'
import { BEGINS_AFTER_MS, ENDS_AFTER_MS } from '../../../controller/core/diagnosis-track.ts'
import type { HistoryEntry } from '../../../protocol/api.ts'
import type { DiagnosisName } from '../../../protocol/diagnosis.ts'
import { report, serverReport } from '../../fixtures.ts'
import { leader, releasedReport, serving, type LeaderHarness } from './core/leader-harness.ts'

/** What was recorded: `diagnosisBegan warning n2 hungServer`, and for an end how long it lasted. */
function witness (one: LeaderHarness) {
  const told: string[] = []
  const { look, resume } = createDiagnosisTeller({
    config: one.config,
    wallOf: atMs => new Date(atMs).toISOString(),
    record: (kind, severity, node, _message, facts) => { told.push([kind, severity, node ?? '-', facts.diagnosis, ...(kind === 'diagnosisEnded' ? [facts.lastedMs] : [])].join(' ')) }
  })
  return { told, resume, look: (nowMs: number) => look(one.state(), nowMs) }
}

const turned = () => report('n2', { servers: [serverReport({ role: 'active' })] })
const hung = () => report('n2', { servers: [serverReport({ health: 'hung', reason: 'stopped' })] })

test('what somebody must look at now is critical, and what is merely wrong a warning; an end says how long it lasted', () => {
  const one = serving()
  const { told, look } = witness(one)
  const beginMs = 1_600
  for (const atMs of [beginMs, beginMs + BEGINS_AFTER_MS]) {
    one.reports([turned(), report('n3', { servers: [serverReport({ health: 'hung', reason: 'stopped' })] })], atMs)
    look(atMs)
  }
  const about = (name: string) => told.filter(line => line.includes(name))
  assert.deepEqual(about('unsanctionedActive'), ['diagnosisBegan critical n2 unsanctionedActive'])
  assert.deepEqual(about('hungServer'), ['diagnosisBegan warning n3 hungServer'])
  const overMs = beginMs + BEGINS_AFTER_MS + ENDS_AFTER_MS
  one.reports([report('n2'), report('n3')], overMs)
  look(overMs)
  assert.deepEqual(about('unsanctionedActive').slice(1), [`diagnosisEnded info n2 unsanctionedActive ${overMs - beginMs}`])
})

test('the beginning of a hold is recorded by the core and not a second time; its end is told', () => {
  const one = leader()
  const { told, look } = witness(one)
  one.reports([hung()], 1_500)
  for (const atMs of [1_500, 1_500 + BEGINS_AFTER_MS]) look(atMs)
  assert.notEqual(one.state().hold, null)
  assert.deepEqual(told.filter(line => line.includes('clusterHolds')), [])
  one.reports([releasedReport('n1'), report('n2'), report('n3')], 3_000)
  assert.equal(one.state().hold, null)
  look(3_000 + ENDS_AFTER_MS)
  assert.deepEqual(told.filter(line => line.includes('clusterHolds')).map(line => line.split(' ').slice(0, 4).join(' ')), ['diagnosisEnded info - clusterHolds'])
})

test('what the history says has begun is not begun again, and it is ended with the time since then; what it says is over counts for nothing', () => {
  const one = serving()
  const { told, look, resume } = witness(one)
  const entry = (kind: string, at: string, name: DiagnosisName, node: string): HistoryEntry =>
    ({ id: 1, at, cluster: 'ovn', node, kind, severity: 'warning', message: name, facts: {}, diagnosis: { name, node, message: name, runbook: 'x.md', evidence: [] } })
  const beginMs = 1_600
  const history = [entry('diagnosisBegan', '2026-01-01T00:00:50.000Z', 'hungServer', 'n2'), entry('diagnosisEnded', '2026-01-01T00:00:40.000Z', 'deadNode', 'n3'), entry('diagnosisBegan', '2026-01-01T00:00:30.000Z', 'deadNode', 'n3')]
  resume(history, beginMs, new Date('2026-01-01T00:01:00.000Z'))
  for (const atMs of [beginMs, beginMs + BEGINS_AFTER_MS]) {
    one.reports([hung()], atMs)
    look(atMs)
  }
  assert.equal(told.length, 0)
  const overMs = beginMs + BEGINS_AFTER_MS + ENDS_AFTER_MS
  one.reports([report('n2'), report('n3')], overMs)
  look(overMs)
  assert.deepEqual(told.filter(line => line.includes(' n2 ') || line.includes(' n3 ')), [`diagnosisEnded info n2 hungServer ${10_000 + overMs - beginMs}`])
})
