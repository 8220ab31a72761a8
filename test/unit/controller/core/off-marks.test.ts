import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fenceOf } from '../../../../controller/core/fencing.ts'
import type { OffMark } from '../../../../controller/core/state.ts'
import { viewCluster } from '../../../../controller/core/view.ts'
import { activeReport, coreConfig, report } from '../../../fixtures.ts'
import { find, leader, type LeaderHarness } from './leader-harness.ts'

const BY_DEVICE: OffMark = { atMs: 500, by: 'ctl-b', why: 'its status says off', sworn: false }
const BY_WORD: OffMark = { atMs: 500, by: 'ann', why: 'ann said so: pulled the plug', sworn: true }
const unguarded = { guard: { kind: 'none' as const, vipLifetime: false, slackMs: 0, problem: null } }

/** Another controller led before, and stored that. */
function restored (marks: Readonly<Record<string, OffMark>>): LeaderHarness {
  const one = leader()
  one.send({ type: 'leadership', leading: false }, 900)
  one.send({ type: 'restored', memory: null, paused: null, kept: { marks } }, 1_000)
  return one
}

test('a mark that comes or goes is kept in the store', () => {
  const one = leader()
  one.reports([activeReport('n1'), report('n2'), report('n3', { voter: { grants: [] } })], 1_500)
  one.send({ type: 'lost', node: 'n3', why: 'reset' }, 1_600)
  const said = one.send({ type: 'confirmOffAsked', commandId: 7, node: 'n3', actor: 'ann', reason: 'pulled' }, 3_000)
  assert.deepEqual(find(said, 'keep')?.kept, { marks: { n3: { atMs: 3_000, by: 'ann', why: 'ann said so: pulled', sworn: true } } })
  assert.deepEqual(find(one.reports([report('n3')], 4_000), 'keep')?.kept, { marks: {} })
  assert.equal(find(one.reports([report('n3')], 4_100), 'keep'), undefined)
})

test('the next leader shows who was powered off, by whom and why', () => {
  const one = restored({ n1: BY_DEVICE })
  one.send({ type: 'leadership', leading: true }, 1_100)
  const view = viewCluster(one.config, one.state(), 1_200, String)
  assert.deepEqual(view.nodes.find(node => node.name === 'n1')?.fence.fenced, { at: '500', by: 'ctl-b', why: 'its status says off' })
})

test('an operator\'s word to another controller is shown, told to be lost, and counted on by nobody: the store may have missed that the node is back (S3)', () => {
  const one = restored({ n1: BY_WORD })
  const actions = one.send({ type: 'leadership', leading: true }, 1_100)
  assert.equal(find(actions, 'record')?.kind, 'confirmationLapsed')
  assert.match(find(actions, 'record')?.message ?? '', /^ann confirmed to another controller that n1 is off: .*"ovsdb-ha confirm-off n1 --reason TEXT"$/)
  assert.equal(fenceOf(one.state(), 'n1').word, null)
  assert.match(viewCluster(one.config, one.state(), 1_200, String).nodes.find(node => node.name === 'n1')?.summary ?? '', /not counted on by this one$/)
})

test('a lost node without a guard is not replaced on the strength of a word from the store (S4)', () => {
  const one = leader(coreConfig())
  one.reports([activeReport('n1', unguarded), report('n2'), report('n3')], 1_500)
  one.send({ type: 'lost', node: 'n1', why: 'silent' }, 1_600)
  one.send({ type: 'restored', memory: null, paused: null, kept: { marks: { n1: BY_WORD } } }, 1_700)
  one.reports([report('n2', { voter: { grants: [] } }), report('n3', { voter: { grants: [] } })], 3_600)
  assert.deepEqual([one.state().operation, one.state().hold?.code], [null, 'fenceNeeded'])
})

test('a node that reports here is not off, whatever the store says', () => {
  const one = leader()
  one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
  one.send({ type: 'restored', memory: null, paused: null, kept: { marks: { n2: BY_DEVICE } } }, 1_600)
  assert.equal(fenceOf(one.state(), 'n2').fenced, null)
})

test('a controller that was told itself goes on counting on it, whoever led meanwhile', () => {
  const one = leader()
  one.reports([activeReport('n1'), report('n2'), report('n3', { voter: { grants: [] } })], 1_500)
  one.send({ type: 'lost', node: 'n3', why: 'reset' }, 1_600)
  one.send({ type: 'confirmOffAsked', commandId: 7, node: 'n3', actor: 'ann', reason: 'pulled' }, 3_000)
  one.send({ type: 'restored', memory: null, paused: null, kept: { marks: {} } }, 3_500)
  assert.deepEqual([fenceOf(one.state(), 'n3').word?.by, fenceOf(one.state(), 'n3').fenced?.by], ['ann', 'ann'])
})
