import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import type { HistoryEntry } from '../../../../protocol/api.ts'
import { around, causeOf, type Blow } from '../../../chaos/timeline.ts'

function blow (kind: Blow['kind'], atMs: number, endedMs: number, changes: Partial<Blow> = {}): Blow {
  return { round: 0, kind, victim: 'a', variant: null, atMs, endedMs, missed: false, note: '', ...changes }
}

const outage = { client: 'nb1', startMs: 10_000, ms: 500 }

describe('the cause of an outage', () => {
  test('is what struck in it, or shortly before', () => {
    assert.equal(causeOf(outage, [blow('cut', 2_000, 3_000), blow('serverKill', 10_010, 10_010, { variant: 'nb' })]), 'serverKill nb')
    assert.equal(causeOf(outage, [blow('serverKill', 9_500, 9_500)]), 'serverKill')
  })

  test('is what still lasted when it began', () => {
    assert.equal(causeOf(outage, [blow('cutOneWay', 4_000, 12_000, { variant: 'in' })]), 'cutOneWay in')
  })

  test('is nothing when nothing was going on, or what was tried could not be done', () => {
    assert.equal(causeOf(outage, [blow('cut', 2_000, 3_000), blow('agentKill', 10_100, 10_100, { missed: true })]), 'none')
  })

  test('is a fault of the controller only when there was no other: those must not cause any', () => {
    assert.equal(causeOf(outage, [blow('controllerKill', 10_001, 10_900), blow('agentStop', 10_002, 10_900)]), 'agentStop')
    assert.equal(causeOf(outage, [blow('controllerKill', 10_001, 10_900)]), 'controllerKill')
  })
})

test('the timeline around an instant tells faults, their end and the history in one order, and nothing from far away', () => {
  const entry: HistoryEntry = { id: 1, at: new Date(10_500).toISOString(), cluster: 'ovn', node: 'b', kind: 'servingBegan', severity: 'info', message: 'b serves in term 2', facts: {} }
  assert.deepEqual(around({ startMs: 10_000, ms: 0 }, [blow('agentStop', 9_000, 11_000, { note: 'process 7' }), blow('cut', 60_000, 61_000)], [entry]), [
    '00:00:09.000 fault   agentStop of a: process 7',
    '00:00:10.500 history b servingBegan: b serves in term 2',
    '00:00:11.000 healed  agentStop of a'
  ])
})
