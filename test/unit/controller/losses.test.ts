import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lossesOf } from '../../../controller/losses.ts'
import { severityOf } from '../../../controller/severity.ts'
import type { HistoryEntry, OperationView } from '../../../protocol/api.ts'
import { LOSS_COUNTED, lossInWords, lossOf, type Loss } from '../../../protocol/loss.ts'
import { historyEntry } from '../../contract/store-fixtures.ts'
import { operationView } from './api/views.ts'

const LOSS: Loss = { server: 'nb', wroteTerm: 7, active: 'n2', missingRows: 3, changedRows: 1, extraRows: 9, problem: null, rescue: 'n1-0123abcd' }

/** n1 served in term 7, and n2 took over in term 8. */
const failover = (over: Partial<OperationView> = {}) => operationView({ from: 'n1', to: 'n2', term: 8, ...over })
const ended = (id: number, operation: OperationView): HistoryEntry => historyEntry({ id, kind: 'operationEnded', operation })
const told = (id: number, node: string, loss: Partial<Loss> = {}): HistoryEntry => historyEntry({ id, node, kind: LOSS_COUNTED, facts: { ...LOSS, ...loss } })
const counts = (operation: OperationView, ...entries: HistoryEntry[]) => lossesOf(operation, entries).map(({ node, server, missingRows }) => `${node} ${server} ${missingRows}`)

describe('what a change of the active lost (S7)', () => {
  test('is what the old active told when it was back, of each server', () => {
    const [loss] = lossesOf(failover(), [ended(1, failover()), told(2, 'n1')])
    assert.deepEqual(loss, { at: historyEntry().at, node: 'n1', ...LOSS })
    assert.deepEqual(counts(failover(), told(2, 'n1'), told(3, 'n1', { server: 'sb', missingRows: 0 })), ['n1 nb 3', 'n1 sb 0'])
  })

  test('is the newest word, where following was begun again', () => {
    assert.deepEqual(counts(failover(), told(5, 'n1', { missingRows: 2 }), told(4, 'n1', { missingRows: 7 })), ['n1 nb 2'])
  })

  test('is not what another change lost: one before it, or one after it', () => {
    const next = failover({ from: 'n2', to: 'n1', term: 9 })
    const later = failover({ from: 'n1', to: 'n2', term: 12 })
    const entries = [ended(1, failover()), told(2, 'n1', { wroteTerm: 7, missingRows: 1 }), ended(3, next), told(4, 'n2', { wroteTerm: 8, missingRows: 2 }), ended(5, later), told(6, 'n1', { wroteTerm: 11, missingRows: 3 })]
    assert.deepEqual(counts(failover(), ...entries), ['n1 nb 1'])
    assert.deepEqual(counts(next, ...entries), ['n2 nb 2'])
    assert.deepEqual(counts(later, ...entries), ['n1 nb 3'])
    assert.deepEqual(counts(later, ...entries.slice(0, -1)), [], 'what n1 told before is not of this one')
    assert.deepEqual(counts({ ...next, to: 'n3' }, told(4, 'n1')), [], 'n1 did not serve when it began')
  })

  test('is known also when the node returns after others have failed meanwhile', () => {
    const next = failover({ from: 'n2', to: 'n3', term: 9 })
    const entries = [ended(1, failover()), ended(2, next), told(3, 'n2', { wroteTerm: 8, missingRows: 5 }), told(4, 'n1', { missingRows: 1 })]
    assert.deepEqual(counts(failover(), ...entries), ['n1 nb 1'])
    assert.deepEqual(counts(next, ...entries), ['n2 nb 5'])
  })

  test('of a cold start, whose old active nobody names, is what any of the others had written', () => {
    const cold = failover({ kind: 'coldStart', from: null })
    assert.deepEqual(counts(cold, told(2, 'n1'), told(3, 'n3', { wroteTerm: 6, missingRows: 4 }), told(4, 'n2', { wroteTerm: 5 })), ['n1 nb 3', 'n3 nb 4'])
  })

  test('of a change that did not happen is nothing', () => {
    assert.deepEqual(counts(failover({ outcome: 'undone' }), told(2, 'n1')), [])
  })

  test('is critical when something was lost or nobody knows, and else for information', () => {
    const severity = (loss: Partial<Loss>) => severityOf({ kind: LOSS_COUNTED, facts: { ...LOSS, ...loss } })
    assert.equal(severity({}), 'critical')
    assert.equal(severity({ missingRows: 0, changedRows: 0, problem: 'no answer' }), 'critical')
    assert.equal(severity({ missingRows: 0, changedRows: 0 }), 'info')
  })

  test('is said in words with the rescue that has it', () => {
    const reign = { server: 'nb', wroteTerm: 7, active: 'n2', rescue: 'n1-0123abcd' }
    const counted = (missingRows: number, changedRows: number, extraRows: number) => ({ problem: null, tables: [{ table: 'ACL', missingRows, changedRows, extraRows }] })
    assert.equal(lossInWords(lossOf(reign, counted(3, 1, 0))), 'nb: n2 lacks 3 rows, and has 1 otherwise (rescue n1-0123abcd)')
    assert.equal(lossInWords(lossOf(reign, counted(0, 0, 9))), 'nb: nothing, n2 has every row of it; 9 rows are there only, written since or deleted before (rescue n1-0123abcd)')
    assert.equal(lossInWords(lossOf({ ...reign, rescue: null }, counted(0, 0, 0))), 'nb: nothing, n2 has every row of it')
    assert.equal(lossInWords(lossOf(reign, { problem: 'no answer', tables: [] })), 'nb: not known, since it could not be compared with n2: no answer (rescue n1-0123abcd)')
  })
})
