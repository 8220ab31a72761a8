import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnose } from '../../../../controller/core/diagnoses.ts'
import { activeReport, report, serverReport } from '../../../fixtures.ts'
import { find, leader, type LeaderHarness } from './leader-harness.ts'

const WORDS = 'compared with n1: NAT of OVN_Northbound: lacks 1 of 4 rows'
const BACKUP = { phase: 'backup' as const, servers: [serverReport()] }

/** n1 serves, and n2 was found to differ at 2,000. */
function differing (): LeaderHarness {
  const one = leader()
  one.reports([activeReport('n1'), report('n2', BACKUP), report('n3', BACKUP)], 1_500)
  const actions = one.send({ type: 'compared', found: [{ node: 'n2', message: WORDS }, { node: 'n3', message: null }] }, 2_000)
  assert.deepEqual(find(actions, 'keep')?.kept, { differing: { n2: { message: WORDS, atMs: 2_000 } } })
  return one
}

const shown = (one: LeaderHarness, nowMs: number) => diagnose(one.config, one.state(), nowMs).filter(({ name }) => name === 'differingBackup')

test('a backup that differs is a diagnosis with what was found and its page, as long as it follows unbroken', () => {
  const one = differing()
  assert.deepEqual(shown(one, 2_100), [{ name: 'differingBackup', node: 'n2', message: 'n2 replicates, and does not have what the active has', runbook: 'backup-differs.md', evidence: [{ by: one.config.controller, saw: WORDS, atMs: 2_000 }] }])
  assert.equal(find(one.reports([report('n2', BACKUP)], 2_500), 'keep'), undefined)
  assert.equal(find(one.reports([report('n2', { phase: 'backup', servers: [serverReport({ health: 'busy', replication: 'none' })] })], 2_550), 'keep'), undefined, 'a busy server says nothing of its session')
  assert.equal(shown(one, 2_600).length, 1)
})

test('it is over when a comparison finds it the same; one that could not compare it changes nothing', () => {
  const one = differing()
  one.send({ type: 'compared', found: [] }, 3_000)
  assert.equal(shown(one, 3_100).length, 1)
  assert.deepEqual(find(one.send({ type: 'compared', found: [{ node: 'n2', message: null }] }, 4_000), 'keep')?.kept, { differing: {} })
  assert.deepEqual(shown(one, 4_100), [])
})

test('it is over when the node is copied anew, or is a backup no more: what was found says nothing of that', () => {
  for (const changed of [{ phase: 'backup' as const, servers: [serverReport({ replication: 'connecting' })] }, { phase: 'backup' as const, servers: [serverReport({ complete: false, incompleteReason: 'a copy runs' })] }, { phase: 'promoting' as const }]) {
    const one = differing()
    assert.deepEqual(find(one.reports([report('n2', changed)], 2_500), 'keep')?.kept, { differing: {} })
    assert.deepEqual(shown(one, 2_600), [])
  }
})

test('the next leader knows it from the store', () => {
  const one = leader()
  one.send({ type: 'restored', memory: null, paused: null, kept: { differing: { n2: { message: WORDS, atMs: 700 } } } }, 1_000)
  assert.deepEqual(shown(one, 1_100).map(({ node, evidence }) => [node, evidence[0]?.atMs]), [['n2', 700]])
})
