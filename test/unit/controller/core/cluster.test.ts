import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeReport, happening, position, report, serverReport } from '../../../fixtures.ts'
import { find, leader, serving } from './leader-harness.ts'

/** The active of term 4, so many heartbeats on. */
const activeAt = (sequence: number, term = 4) => activeReport('n1', { servers: [serverReport({ role: 'active', position: position(term, sequence) })] })

test('a node that becomes silent, and one that reports again, are each recorded once', () => {
  const one = serving()
  assert.equal(find(one.send({ type: 'lost', node: 'n2', why: 'reset' }, 2_000), 'record')?.kind, 'nodeSilent')
  assert.equal(find(one.send({ type: 'lost', node: 'n2', why: 'refused' }, 2_100), 'record'), undefined)
  assert.equal(find(one.reports([report('n2')], 2_200), 'record')?.kind, 'nodeReports')
  assert.equal(find(one.reports([report('n2')], 2_300), 'record'), undefined)
})

test('reports and losses of nodes that are not in the cluster change nothing', () => {
  const one = serving()
  const before = one.state()
  one.reports([report('n9', { voter: { term: 99, holder: 'n9' } })], 1_500)
  one.send({ type: 'lost', node: 'n9', why: 'reset' }, 1_500)
  assert.deepEqual(one.state(), before)
})

test('the store is told of a new active at once, and of its progress every few seconds (S6)', () => {
  const one = leader()
  one.reports([activeAt(1)], 1_500)
  assert.deepEqual(one.latest('remember').memory, { term: 4, active: 'n1', sequence: 1 })
  one.reports([activeAt(2)], 2_500)
  assert.equal(one.count('remember'), 1)
  assert.equal(one.state().memory?.sequence, 2)
  one.reports([activeAt(7)], 6_500)
  assert.deepEqual(one.latest('remember').memory, { term: 4, active: 'n1', sequence: 7 })
})

test('a position that the active still shows from the term before is not remembered as progress of this one (S6)', () => {
  const one = leader()
  one.reports([activeAt(900, 3)], 1_500)
  assert.equal(one.state().memory?.sequence, 0)
})

test('what is remembered never goes back within a term (S6)', () => {
  const one = leader()
  one.reports([activeAt(7)], 1_500)
  one.reports([activeAt(5)], 1_600)
  assert.equal(one.state().memory?.sequence, 7)
})

test('what the store restores never replaces something newer (S6)', () => {
  const one = leader()
  one.reports([activeAt(7)], 1_500)
  one.send({ type: 'restored', memory: { term: 4, active: 'n1', sequence: 3 }, paused: null }, 1_600)
  assert.equal(one.state().memory?.sequence, 7)
  one.send({ type: 'restored', memory: { term: 5, active: 'n2', sequence: 1 }, paused: null }, 1_700)
  assert.equal(one.state().memory?.term, 5)
})

test('how far the last active came is known from voters that accepted a term since, in which nobody was heard (S6)', () => {
  const one = leader()
  const voter = { term: 6, holder: 'n3', sequence: 0, heard: { holder: 'n1', term: 4, sequence: 21 } }
  one.reports([report('n2', { voter })], 1_500)
  assert.deepEqual(one.state().memory, { term: 4, active: 'n1', sequence: 21 })
})

test('a pause that the store restores is in force (S10)', () => {
  const one = leader()
  one.send({ type: 'restored', memory: null, paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'x' } }, 0)
  assert.equal(one.state().paused?.by, 'ann')
})

test('a running operation is forgotten with the leadership: the next leader judges from the reports alone (S1)', () => {
  const one = serving()
  one.send({ type: 'switchoverAsked', commandId: 1, to: null, actor: 'ann', reason: '' }, 1_600)
  one.send({ type: 'leadership', leading: false }, 1_700)
  assert.equal(one.state().operation, null)
})

test('the leader wakes when a report would be missing', () => {
  const actions = serving().reports([report('n2')], 2_000)
  assert.ok(actions.some(action => action.type === 'wakeAt' && action.atMs === 3_000))
})

test('an active that serves ends every hold', () => {
  const one = serving()
  one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
  assert.equal(one.state().hold?.code, 'suspecting')
  one.reports([activeReport('n1')], 2_100)
  assert.equal(one.state().hold, null)
})

test('a happening is history, never a reason for a decision', () => {
  const one = serving()
  const before = one.state()
  one.send({ type: 'happened', happening: happening() }, 1_500)
  assert.deepEqual(one.state(), before)
})
