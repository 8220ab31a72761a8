import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Value } from 'typebox/value'
import { explain } from '../../../../controller/core/explain.ts'
import { ExplanationSchema, type Explanation } from '../../../../protocol/explain.ts'
import { activeReport, freshNodeReport, grant, report, serverReport } from '../../../fixtures.ts'
import { leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

function told (one: LeaderHarness, nowMs: number): Explanation {
  const explanation = explain(one.config, one.state(), nowMs, atMs => new Date(Date.UTC(2026, 0, 1) + atMs).toISOString())
  assert.deepEqual([...Value.Errors(ExplanationSchema, explanation)], [])
  return explanation
}

const rulesOf = ({ rules }: Explanation) => rules.map(({ rule }) => rule)
const verdicts = ({ candidates }: Explanation) => candidates.map(({ node, verdict, code }) => `${node} ${verdict}${code === null ? '' : ` ${code}`}`)
const cut = [serverReport({ complete: false, incompleteReason: 'a resync was cut off' })]

describe('an operation', () => {
  test('after a release: S2 let it begin, and the chosen node is told apart from those that lack something', () => {
    const one = serving()
    one.reports([report('n3', { servers: cut }), releasedReport('n1')], 1_600)
    const explanation = told(one, 1_600)
    assert.equal(explanation.decision, 'operation')
    assert.deepEqual(rulesOf(explanation), ['S2', 'S6', 'S3'])
    assert.equal(explanation.rules[0]?.because, 'n1 released term 4')
    assert.deepEqual(verdicts(explanation), ['n2 chosen', 'n1 refused serverDown', 'n3 refused incomplete'])
    assert.deepEqual([explanation.inputs.term, explanation.inputs.holder, explanation.inputs.released], [4, 'n1', true])
  })

  test('after a loss: S1, with both signs, and what each voter saw', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'silent' }, 2_000)
    const late = { voter: { grants: [grant({ renewedAgoMs: 1_950 })] } }
    one.reports([report('n2', late), report('n3', late)], 3_800)
    const explanation = told(one, 3_800)
    assert.deepEqual(rulesOf(explanation), ['S1', 'S6', 'S3'])
    assert.match(explanation.rules[0]?.because ?? '', /n1 is lost: no reports for \d+ ms, and n2, n3 see it renew no more/)
    assert.deepEqual(explanation.inputs.nodes.map(({ node, reachable, renewals }) => [node, reachable, renewals.map(({ agoMs }) => agoMs)]), [['n1', false, [100]], ['n2', true, [1_950]], ['n3', true, [1_950]]])
    assert.deepEqual(verdicts(explanation), ['n2 chosen', 'n3 eligible', 'n1 refused unreachable'])
    assert.ok(explanation.diagnoses.includes('deadNode n1'))
  })

  test('that took the next candidate names S8 and who failed', () => {
    const one = serving()
    one.reports([releasedReport('n1')], 1_600)
    for (const voter of ['n1', 'n2', 'n3']) one.accept(voter, 1_610)
    one.endOrder('promote', 1_700, { ok: false, reason: 'its port is in use' })
    one.reports([report('n2', { voter: { term: 5, holder: 'n2', released: { served: false }, previous: { holder: 'n1', term: 4 }, grants: [] }, lease: { releasedTerm: 5 } })], 1_710)
    const explanation = told(one, 1_720)
    assert.ok(rulesOf(explanation).includes('S8'), rulesOf(explanation).join())
    assert.deepEqual(verdicts(explanation).slice(0, 1), ['n3 chosen'])
    assert.ok(verdicts(explanation).includes('n2 refused promotionFailed'))
  })

  test('a switchover leaves the active the active until it has handed over', () => {
    const one = serving()
    one.send({ type: 'switchoverAsked', commandId: 1, to: null, actor: 'ann', reason: '' }, 1_600)
    const explanation = told(one, 1_600)
    assert.deepEqual(rulesOf(explanation), ['S6', 'S6'])
    assert.deepEqual(verdicts(explanation), ['n2 chosen', 'n1 active', 'n3 eligible'])
  })
})

describe('no operation', () => {
  test('a cluster that serves has nothing to decide, and tells who would be next', () => {
    const explanation = told(serving(), 1_600)
    assert.equal(explanation.decision, 'serving')
    assert.deepEqual(rulesOf(explanation), ['S2'])
    assert.deepEqual(verdicts(explanation), ['n1 active', 'n2 eligible', 'n3 eligible'])
  })

  test('a pause is named beside it (S10), with its reason', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '', reason: 'work' } }, 1_600)
    assert.deepEqual(rulesOf(told(one, 1_600)), ['S2', 'S10'])
  })

  test('a hold names its rule: no majority is S1, nobody in sync is S6', () => {
    const alone = leader()
    alone.reports([report('n2')], 1_500)
    assert.deepEqual([told(alone, 1_500).decision, ...rulesOf(told(alone, 1_500))], ['hold', 'S1'])
    const one = serving()
    one.reports([report('n2', { servers: cut }), report('n3', { servers: cut }), releasedReport('n1')], 1_600)
    one.send({ type: 'woke' }, 7_000)
    one.reports([report('n2', { servers: cut }), report('n3', { servers: cut }), releasedReport('n1')], 7_000)
    assert.equal(one.state().hold?.code, 'noCandidate')
    assert.deepEqual(rulesOf(told(one, 7_000)), ['S6'])
    assert.ok(told(one, 7_000).candidates.every(({ verdict }) => verdict === 'refused'))
    assert.deepEqual(told(one, 7_000).inputs.nodes.map(({ node, complete }) => `${node} ${complete ? 'complete' : 'cut'}`), ['n1 complete', 'n2 cut', 'n3 cut'])
  })

  test('a controller that does not lead decides nothing, and one that has not looked says so', () => {
    const one = serving()
    one.send({ type: 'leadership', leading: false }, 1_600)
    assert.deepEqual([told(one, 1_600).decision, told(one, 1_600).what], ['none', 'ctl-a does not lead this cluster and decides nothing'])
  })

  test('what it says stays small, whatever agents say', () => {
    const long = 'x'.repeat(100_000)
    const one = leader()
    one.reports([activeReport('n1'), report('n2', { servers: [serverReport({ complete: false, incompleteReason: long })], voter: { grants: Array.from({ length: 500 }, () => grant()) } }), freshNodeReport('n3', { problems: [{ code: 'guard', message: long, server: null }] })], 1_500)
    assert.ok(JSON.stringify(told(one, 1_600)).length < 20_000)
  })
})
