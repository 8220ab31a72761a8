import assert from 'node:assert/strict'
import { test } from 'node:test'
import { previewFailover } from '../../../../controller/core/preview-failover.ts'
import { activeReport, position, report, serverReport } from '../../../fixtures.ts'
import { find, leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const at = (node: string, sequence: number) => report(node, { servers: [serverReport({ position: position(4, sequence) })] })

/** n1 was heard of at heartbeat 20 of term 4 and is gone; n2 is four behind, n3 nine. */
function bereft (): LeaderHarness {
  const one = serving()
  one.reports([activeReport('n1', { servers: [serverReport({ role: 'active', position: position(4, 20) })] }), at('n2', 16), at('n3', 11)], 1_600)
  one.send({ type: 'lost', node: 'n1', why: 'reset' }, 1_700)
  one.reports([at('n2', 16), at('n3', 11)], 9_000)
  return one
}

test('a preview by force names the best copy with what it lacks, the others with what they lack, and begins nothing', () => {
  const one = bereft()
  const before = one.state()
  const { refusal, from, to, why, candidates, unknown } = previewFailover(one.config, one.state(), { to: null, force: true }, 9_100)
  assert.equal(one.state(), before)
  assert.deepEqual([refusal, from, to], [null, 'n1', 'n2'])
  assert.match(why, /^forced, and this is lost: n2 is 4 heartbeats behind the last active n1; at most 3 are allowed; every write after that is missing on n2/)
  assert.deepEqual(candidates.map(({ node, verdict, position: where }) => [node, verdict, where?.sequence ?? null]), [['n2', 'chosen', 16], ['n3', 'eligible', 11], ['n1', 'refused', null]])
  assert.deepEqual(candidates.map(({ lacks }) => lacks?.replace(/;.*/, '') ?? null), ['n2 is 4 heartbeats behind the last active n1', 'n3 is 9 heartbeats behind the last active n1', null])
  assert.deepEqual(unknown, ['n1 was last heard of at heartbeat 20 of term 4: whether it wrote anything after that, and which rows, cannot be known while it does not report'])
  one.send({ type: 'failoverAsked', commandId: 1, to: null, force: true, actor: 'ann', reason: '' }, 9_100)
  assert.deepEqual([one.operation().to, one.operation().why], [to, why], 'a real one chooses the same, and says the same')
})

test('without force it is refused as a failover would be, with each node\'s reason', () => {
  const one = bereft()
  const { refusal, to, candidates } = previewFailover(one.config, one.state(), { to: null, force: false }, 9_100)
  assert.deepEqual(refusal, find(one.send({ type: 'failoverAsked', commandId: 1, to: null, force: false, actor: 'ann', reason: '' }, 9_100), 'refuseCommand')?.refusal)
  assert.equal(to, null)
  assert.deepEqual(candidates.map(({ node, code }) => [node, code]), [['n1', 'unreachable'], ['n2', 'behind'], ['n3', 'behind']])
})

test('while somebody serves it is refused; a last active that reports is named instead of guessed about', () => {
  const one = serving()
  assert.equal(previewFailover(one.config, one.state(), { to: 'n2', force: true }, 1_600).refusal?.kind, 'activeServes')
  one.reports([releasedReport('n1')], 1_650)
  assert.match(previewFailover(one.config, { ...one.state(), operation: null }, { to: null, force: true }, 1_700).unknown.join(), /^n1, which served last, reports/)
})

test('where nobody ever served, or nobody heard how far the last one came, that is what is said', () => {
  const fresh = leader()
  assert.deepEqual(previewFailover(fresh.config, fresh.state(), { to: null, force: true }, 100).unknown, ['nobody is known to have served: nothing tells which copy is the newest'])
  const one = bereft()
  const deaf = { ...one.state(), memory: { term: 3, active: 'n1', sequence: 9 } }
  assert.match(previewFailover(one.config, deaf, { to: null, force: true }, 9_100).unknown.join(), /^how far n1 came in term 4 cannot be known/)
})
