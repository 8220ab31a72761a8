import assert from 'node:assert/strict'
import { test } from 'node:test'
import { previewSwitchover } from '../../../../controller/core/preview.ts'
import { activeReport, position, report, serverReport } from '../../../fixtures.ts'
import { find, serving } from './leader-harness.ts'

const at = (node: string, sequence: number) => report(node, { servers: [serverReport({ position: position(4, sequence) })] })

test('a preview names whom a switchover would promote, whom it could, with their lag, and begins nothing', () => {
  const one = serving()
  one.reports([activeReport('n1', { servers: [serverReport({ role: 'active', position: position(4, 18) })] }), at('n2', 17), at('n3', 18)], 1_600)
  const before = one.state()
  const preview = previewSwitchover(one.config, one.state(), null, 1_700)
  assert.equal(one.state(), before)
  assert.deepEqual([preview.refusal, preview.from, preview.to], [null, 'n1', 'n2'])
  assert.deepEqual(preview.candidates.map(({ node, verdict, lagHeartbeats }) => [node, verdict, lagHeartbeats]), [['n2', 'chosen', 1], ['n3', 'eligible', 0]])
  assert.equal(preview.undoneAfterMs, one.config.cluster.timing.handoverDeadlineMs)
  assert.match(preview.steps.join('\n'), /if it does not arrive within 2000 ms, n1 opens its gate again/)
  one.send({ type: 'switchoverAsked', commandId: 1, to: null, actor: 'ann', reason: '' }, 1_700)
  assert.equal(one.operation().to, preview.to, 'a real one chooses the same')
  assert.equal(one.operation().why, preview.why)
})

test('a preview is refused as a switchover would be, with each node\'s reason', () => {
  const one = serving()
  one.reports([at('n2', 17), report('n3', { servers: [serverReport({ complete: false, incompleteReason: 'a resync is under way' })] })], 1_600)
  for (const to of ['n1', 'n3', 'n9']) {
    const { refusal, to: chosen, candidates } = previewSwitchover(one.config, one.state(), to, 1_700)
    assert.deepEqual(refusal, find(one.send({ type: 'switchoverAsked', commandId: 1, to, actor: 'ann', reason: '' }, 1_700), 'refuseCommand')?.refusal)
    assert.equal(chosen, null)
    assert.deepEqual(candidates.map(({ node, code }) => [node, code]), [['n3', 'incomplete']])
  }
  const { candidates } = previewSwitchover(one.config, one.state(), 'n2', 1_700)
  assert.deepEqual(candidates.map(({ node, verdict }) => [node, verdict]), [['n2', 'chosen'], ['n3', 'refused']])
})

test('a preview where nobody serves says so; one who does not lead tells the same as the leader', () => {
  const one = serving()
  const told = previewSwitchover(one.config, one.state(), null, 1_700)
  one.send({ type: 'leadership', leading: false }, 1_750)
  assert.deepEqual(previewSwitchover(one.config, one.state(), null, 1_750), told)
  one.send({ type: 'lost', node: 'n1', why: 'reset' }, 1_800)
  assert.equal(previewSwitchover(one.config, one.state(), null, 1_800).refusal?.kind, 'noActive')
})
