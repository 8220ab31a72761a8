import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationView } from '../../../../protocol/api.ts'
import { createPaint } from '../../../../cli/render/style.ts'
import { renderEntry, renderHistory } from '../../../../cli/render/history.ts'
import { renderWaterfall } from '../../../../cli/render/waterfall.ts'
import { historyEntry } from '../../../contract/store-fixtures.ts'
import { operationView } from '../../controller/api/views.ts'
import { assertGolden } from '../golden.ts'

test('a failover is one scale of milliseconds with a bar per step', async () => {
  await assertGolden('waterfall-failover', paint => renderWaterfall(operationView(), paint))
})

test('a promotion that was undone shows the step that failed and the refused nodes', async () => {
  await assertGolden('waterfall-undone', paint => renderWaterfall(operationView({
    kind: 'forcedFailover',
    outcome: 'undone',
    durationMs: 12_345.6,
    detail: 'n2 could not be promoted: its sb server did not leave the backup role within 5 s, so nb was made a backup again.',
    refused: [{ node: 'n3', code: 'unreachable', message: 'no report for 12.4 s' }],
    steps: [
      { name: 'promote:sb', node: 'n2', startMs: 8_000.25, endMs: 12_345.6, error: 'disconnect-active-ovsdb-server: no answer within 5000 ms' },
      { name: 'leaseWait', node: null, startMs: 0, endMs: 8_000, error: null },
      { name: 'promote:nb', node: 'n2', startMs: 8_000.25, endMs: 8_003, error: null }
    ]
  }), paint))
})

test('an operation without steps, and one that took no time, are drawn too', () => {
  assert.deepEqual(renderWaterfall(operationView({ outcome: 'running', durationMs: null, steps: [], detail: '', from: null }), createPaint(false)), [
    'failover nobody -> n2 (term 8), running',
    '  2026-01-02 03:04:05.678 UTC: the nb server of n1 crashed'
  ])
  const lines = renderWaterfall(operationView({ durationMs: 0, steps: [{ name: 'x', node: null, startMs: 0, endMs: 0, error: null }] }), createPaint(false))
  assert.match(lines.at(-1) ?? '', /^ {2}x {5}- {4} 0\.0 ms {2}0\.0 ms {2}▏$/)
})

test('a failover says what it lost, or that nobody knows yet', () => {
  const lines = (losses: OperationView['losses'], over: Partial<OperationView> = {}) => renderWaterfall(operationView({ steps: [], ...over, ...(losses === undefined ? {} : { losses }) }), createPaint(false)).slice(3)
  const loss = { at: '', node: 'n1', server: 'nb', wroteTerm: 7, active: 'n2', missingRows: 3, changedRows: 0, extraRows: 0, problem: null, rescue: 'n1-0123abcd' }
  assert.deepEqual(lines(undefined), [])
  assert.deepEqual(lines([]), ['  lost: not known before n1 is back and was compared'])
  assert.deepEqual(lines([loss]), ['  lost with n1, nb: n2 lacks 3 rows, and has 0 otherwise (rescue n1-0123abcd)'])
  assert.deepEqual(lines([], { kind: 'switchover' }), [])
  assert.deepEqual(lines([], { from: 'n2' }), [], 'the same node serves again')
})

test('the list of history is newest first with severities in words', async () => {
  await assertGolden('history', paint => renderHistory([
    historyEntry({ id: 1203, kind: 'operationEnded', severity: 'critical', node: null, message: 'failover n1 -> n2 was undone: the sb server of n2 could not be promoted, and no other node is in sync' }),
    historyEntry({ id: 999 }),
    historyEntry({ id: 7, severity: 'info', message: 'n2 follows n1', node: 'n2' })
  ], paint))
})

test('one entry comes with its facts and its waterfall', async () => {
  await assertGolden('history-entry', paint => renderEntry(historyEntry({ id: 1203, kind: 'operationEnded', severity: 'info', message: 'n2 serves since 48.2 ms after the crash', operation: operationView() }), paint))
})
