import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Report } from '../../../../protocol/report.ts'
import { activeReport, coreConfig, memberConfig, report } from '../../../fixtures.ts'
import { serving, type LeaderHarness } from './leader-harness.ts'

/** n3's voter accepted term 7 for n2, which never came to serve. */
const ASTRAY = report('n3', { voter: { term: 7, holder: 'n2', granted: false, grants: [] } })
const OTHERS = [activeReport('n1'), report('n2')]

/** Every 250 ms, as agents do. */
function keepReporting (one: LeaderHarness, reports: readonly Report[], fromMs: number, toMs: number): void {
  for (let atMs = fromMs; atMs <= toMs; atMs += 250) one.reports(reports, atMs)
}

test('a voter left behind in a term that nobody serves in is brought back by a newer term for the node that serves (S1)', () => {
  const one = serving()
  keepReporting(one, [...OTHERS, ASTRAY], 2_000, 3_750)
  assert.equal(one.count('askTerm'), 0)
  one.reports([...OTHERS, ASTRAY], 4_000)
  const { request, voters } = one.latest('askTerm')
  assert.deepEqual([request.term, request.holder, request.reason], [8, 'n1', 'reasserted'])
  assert.deepEqual(voters, ['n1', 'n2', 'n3'])
  assert.equal(one.state().operation, null)
})

test('a node without a vote is brought back too: its orders would be refused for ever', () => {
  const one = serving(coreConfig({ members: ['n1', 'n2', 'n3', 'n4'].map(name => memberConfig(name)) }))
  keepReporting(one, [...OTHERS, report('n3'), report('n4', { voter: { term: 7, holder: 'n2', granted: false, grants: [] } })], 2_000, 4_000)
  assert.deepEqual(one.latest('askTerm').voters, ['n1', 'n2', 'n3', 'n4'])
  assert.equal(one.latest('askTerm').request.term, 8)
})

test('a voter that comes back by itself needs no term: it only had not heard yet', () => {
  const one = serving()
  keepReporting(one, [...OTHERS, ASTRAY], 2_000, 3_000)
  keepReporting(one, [...OTHERS, report('n3')], 3_250, 6_000)
  assert.equal(one.count('askTerm'), 0)
})

test('a voter that knows an older term is not astray: it learns the term with the next renewal', () => {
  const one = serving()
  keepReporting(one, [...OTHERS, report('n3', { voter: { term: 3, holder: 'n3' } })], 2_000, 6_000)
  assert.equal(one.count('askTerm'), 0)
})

test('a paused cluster takes no term for its voters either (S10)', () => {
  const one = serving()
  one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_900)
  keepReporting(one, [...OTHERS, ASTRAY], 2_000, 6_000)
  assert.equal(one.count('askTerm'), 0)
})
