import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginAudit } from '../../../../controller/core/audit-job.ts'
import { scheduleHarness } from './schedule-harness.ts'

test('an audit asks for one comparison, and is done when that found every backup the same', () => {
  assert.deepEqual(beginAudit(7), { work: { job: 'audit', tag: 7 }, ask: { type: 'verify' } })
  const one = scheduleHarness()
  one.lead()
  one.due('audit', 1_000)
  one.send({ type: 'woke' }, 60_000)
  assert.deepEqual([one.find('verify').length, one.outcomes()], [1, []], 'as long as it takes')
  one.send({ type: 'ended', tag: 99, error: 'of somebody else', operation: null }, 61_000)
  one.end(62_000)
  assert.deepEqual([one.outcomes(), one.records(), one.state().running], [['audit done'], ['scheduleBegan'], null])
  assert.equal(one.find('count')[0]?.durationMs, 61_000)
})

test('a difference, and what could not be compared, is a run that failed, and is told', () => {
  const one = scheduleHarness()
  one.lead()
  one.due('audit', 1_000)
  one.end(2_000, 'nb of n3 differs')
  assert.deepEqual([one.outcomes(), one.last()?.kind, one.last()?.severity, one.last()?.message], [['audit failed'], 'auditFailed', 'warning', 'the consistency audit did not find every backup the same: nb of n3 differs'])
})
