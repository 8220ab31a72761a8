import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import type { HistoryEntry, OperationView } from '../../../../protocol/api.ts'
import { directWrites, endedOperations, judgeRows, rowsLost, staleActives, termsBack, twoActives, untoldChanges, type AckedRow } from '../../../chaos/judgement.ts'
import { addAttempt, conflictsOf, type Tenure } from '../../../testbed/overlap.ts'

const START_MS = Date.parse('2026-01-01T00:00:00.000Z')
const NONE: ReadonlyMap<string, ReadonlySet<string>> = new Map()

/** Rows 1 to `count`, acknowledged 20 ms apart from the start on. */
function acked (count: number): readonly AckedRow[] {
  return Array.from({ length: count }, (_, index) => ({ row: `probe-r0-${index + 1}`, atMs: START_MS + index * 20 }))
}

const but = (rows: readonly AckedRow[], ...missing: readonly number[]) => new Set(rows.filter((_, index) => !missing.includes(index + 1)).map(({ row }) => row))
const keptBy = (node: string, ...rows: readonly number[]) => new Map(rows.map(number => [`probe-r0-${number}`, new Set([node])]))
const numbers = (rows: readonly AckedRow[]) => rows.map(({ row }) => Number(row.split('-').at(-1)))

function operation (afterMs: number, changes: Partial<OperationView> = {}): OperationView {
  return {
    id: String(afterMs),
    kind: 'failover',
    trigger: '',
    from: 'a',
    to: 'b',
    term: 2,
    startedAt: new Date(START_MS + afterMs).toISOString(),
    durationMs: 10,
    outcome: 'done',
    detail: '',
    refused: [],
    steps: [],
    ...changes
  }
}

describe('acknowledged rows', () => {
  test('are all there: nothing to tell', () => {
    const rows = acked(5)
    assert.deepEqual(judgeRows(rows, but(rows), NONE, []), { present: 5, rescued: [], told: [], lost: [] })
  })

  test('that are missing without any change of the active are lost', () => {
    const rows = acked(5)
    const verdict = judgeRows(rows, but(rows, 2, 3), NONE, [])
    assert.deepEqual(numbers(verdict.lost), [2, 3])
    const [violation, ...more] = rowsLost('nb1', verdict)
    assert.deepEqual(more, [])
    assert.equal(violation?.rule, 'rowsLost')
    assert.match(violation?.message ?? '', /^2 acknowledged rows of nb1 .*probe-r0-2 \(00:00:00\.020\) to probe-r0-3/)
  })

  test('that are in a rescue are not lost', () => {
    const rows = acked(5)
    const verdict = judgeRows(rows, but(rows, 4, 5), keptBy('a', 4, 5), [])
    assert.deepEqual([verdict.present, numbers(verdict.rescued), verdict.lost], [3, [4, 5], []])
    assert.deepEqual(rowsLost('nb1', verdict), [])
  })

  test('that are only in the rescue of a node which did not serve when they were acknowledged tell of two actives, or of a copy that lost them', () => {
    const rows = acked(5)
    const served = (host: string, fromMs: number, toMs: number): Tenure => ({ host, target: 'nb', first: { startMs: fromMs, endMs: fromMs }, last: { startMs: toMs, endMs: toMs }, writes: 2, interrupted: false })
    const judged = judgeRows(rows, but(rows, 4, 5), keptBy('a', 4, 5), [])
    const stale = (...tenures: readonly Tenure[]) => staleActives('nb1', judged, keptBy('a', 4, 5), tenures, START_MS)
    assert.deepEqual(stale(served('a', -500, 90), served('b', 150, 900)), [])
    assert.deepEqual(stale(served('b', -500, 120)), [], 'so short before the end of a tenure nobody knows')
    const [violation, ...more] = stale(served('b', -500, 900))
    assert.deepEqual(more, [])
    assert.equal(violation?.rule, 'staleActive')
    assert.match(violation?.message ?? '', /^probe-r0-4 of nb1, acknowledged when b served, is only in a rescue of a$/)
  })

  test('a change that the observer saw and the history does not tell of counts as an unplanned one, and one that is told counts once', () => {
    const rows = acked(10)
    const served = (host: string, fromMs: number, toMs: number): Tenure => ({ host, target: 'nb', first: { startMs: fromMs, endMs: fromMs }, last: { startMs: toMs, endMs: toMs }, writes: 2, interrupted: false })
    const tenures = [served('a', -500, 90), served('a', -400, 95), served('b', 120, 900), served('b', 130, 900)]
    const untold = untoldChanges(tenures, [], START_MS)
    assert.deepEqual(untold.map(({ kind, from, to, outcome }) => ({ kind, from, to, outcome })), [{ kind: 'failover', from: 'a', to: 'b', outcome: 'done' }])
    const verdict = judgeRows(rows, but(rows, 4, 5), NONE, untold)
    assert.deepEqual([numbers(verdict.told), numbers(verdict.lost)], [[5], [4]], 'one write in flight, and no other')
    assert.deepEqual(untoldChanges(tenures, [operation(100)], START_MS), [])
    assert.equal(untoldChanges(tenures, [operation(100, { to: 'c' })], START_MS).length, 1, 'another change')
    assert.equal(untoldChanges(tenures, [operation(100, { outcome: 'undone' })], START_MS).length, 1, 'one that was not made')
    assert.equal(untoldChanges(tenures, [operation(5_000)], START_MS).length, 1, 'another time')
  })

  test('each unplanned change may lose the one that was in flight, and no other', () => {
    const rows = acked(10)
    const verdict = judgeRows(rows, but(rows, 4, 5), NONE, [operation(90)])
    assert.deepEqual([numbers(verdict.told), numbers(verdict.lost)], [[5], [4]])
    const twice = judgeRows(rows, but(rows, 5, 10), NONE, [operation(90), operation(190)])
    assert.deepEqual([numbers(twice.told), twice.lost], [[5, 10], []])
  })

  test('a change loses no row that was acknowledged after it, or long before', () => {
    const rows = acked(10)
    assert.deepEqual(numbers(judgeRows(rows, but(rows, 10), NONE, [operation(-300)]).lost), [10])
    assert.deepEqual(numbers(judgeRows(rows, but(rows, 1), NONE, [operation(60_000)]).lost), [1])
  })

  test('a switchover, and a change that did not come about, lose nothing', () => {
    const rows = acked(5)
    for (const excuse of [operation(100, { kind: 'switchover' }), operation(100, { outcome: 'failed' }), operation(100, { outcome: 'undone' })]) {
      assert.deepEqual(numbers(judgeRows(rows, but(rows, 5), NONE, [excuse]).lost), [5])
    }
  })

  test('a forced change may lose what it told, and no more', () => {
    const rows = acked(500)
    const missing = rows.map((_, index) => index + 1).filter(number => number > 300)
    const forced = (heartbeats: number) => operation(10_010, { kind: 'forcedFailover', detail: `forced, and this is lost: b is ${heartbeats} heartbeats behind the last active a; every write after that is missing on b` })
    assert.deepEqual(judgeRows(rows, but(rows, ...missing), NONE, [forced(4)]).lost, [])
    assert.equal(judgeRows(rows, but(rows, ...missing), NONE, [forced(1)]).lost.length, 99)
  })
})

describe('the rest of the judgement', () => {
  test('two hosts that accept writes at one instant are a violation, told in wall clock', () => {
    const tenure = (host: string, fromMs: number, toMs: number) => addAttempt(addAttempt([], { host, target: 'nb', startMs: fromMs, endMs: fromMs + 1, accepted: true }), { host, target: 'nb', startMs: toMs, endMs: toMs + 1, accepted: true })
    const conflicts = conflictsOf([...tenure('a', 0, 100), ...tenure('b', 50, 200)])
    const [violation] = twoActives(conflicts, START_MS)
    assert.equal(violation?.rule, 'twoActives')
    assert.equal(violation?.atMs, START_MS + 51)
    assert.match(violation?.message ?? '', /^a \(nb\) and b \(nb\) both accepted writes .* at least 49\.0 ms$/)
    assert.deepEqual(twoActives(conflictsOf([...tenure('a', 0, 20), ...tenure('b', 50, 200)]), START_MS), [])
  })

  test('a write that a node\'s own address accepted is a violation', () => {
    assert.deepEqual(directWrites([]), [])
    assert.equal(directWrites(acked(2))[0]?.rule, 'directWriteAccepted')
  })

  test('a term that is lower than before is a violation', () => {
    const looks = [1, 4, 4, 3].map((term, index) => ({ term, atMs: START_MS + index }))
    assert.deepEqual(termsBack(looks), [{ rule: 'termWentBack', atMs: START_MS + 3, message: 'term 3 after term 4' }])
  })

  test('a change of the active counts once, as it ended', () => {
    const entry = (id: number, of: OperationView): HistoryEntry => ({ id, at: of.startedAt, cluster: 'ovn', node: null, kind: 'operationEnded', severity: 'info', message: '', facts: {}, operation: of })
    const running = operation(0, { outcome: 'running' })
    assert.deepEqual(endedOperations([entry(2, operation(0)), entry(1, running), entry(3, operation(50))]), [operation(0), operation(50)])
  })
})
