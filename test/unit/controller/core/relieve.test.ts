import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeReport, report, serverReport } from '../../../fixtures.ts'
import { find, orderTo, serving } from './leader-harness.ts'

const OVERDUE = activeReport('n1', { servers: [serverReport({ role: 'active', source: null, replication: 'none', health: 'busy', overdue: true, reason: 'no answer for 20000 ms' })] })
const CUT_OFF = (node: string) => report(node, { servers: [serverReport({ complete: false, incompleteReason: 'a resync was cut off' })] })

test('an active that is busy for too long steps down for a backup that is in sync, and is told again only when that is due', () => {
  const one = serving()
  const { order, node } = orderTo(one.reports([OVERDUE], 2_000), 'stepDown') ?? assert.fail('it was not told')
  assert.deepEqual([node, order.term], ['n1', 4])
  assert.equal(orderTo(one.reports([OVERDUE], 2_100), 'stepDown'), undefined)
  one.reports([report('n2'), report('n3')], 3_900)
  assert.ok(orderTo(one.reports([OVERDUE], 4_000), 'stepDown') !== undefined)
})

test('it is left to its work while nobody could take over, which is said once, and relieved as soon as somebody can', () => {
  const one = serving()
  one.reports([CUT_OFF('n2'), CUT_OFF('n3')], 1_900)
  const first = one.reports([OVERDUE], 2_000)
  assert.equal(orderTo(first, 'stepDown'), undefined)
  assert.equal(find(first, 'record')?.kind, 'busyKept')
  assert.equal(find(one.reports([OVERDUE], 2_100), 'record'), undefined)
  assert.ok(orderTo(one.reports([report('n2')], 2_200), 'stepDown') !== undefined)
})

test('a server that is busy and not overdue is nobody\'s business, nor is one of a paused cluster (S10)', () => {
  const one = serving()
  assert.equal(orderTo(one.reports([activeReport('n1', { servers: [serverReport({ role: 'active', health: 'busy' })] })], 2_000), 'stepDown'), undefined)
  one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 2_050)
  assert.equal(orderTo(one.reports([OVERDUE], 2_100), 'stepDown'), undefined)
})
