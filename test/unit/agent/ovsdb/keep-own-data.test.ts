import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge } from '../../../../agent/ovsdb/keep-own-data.ts'
import type { DifferenceCounts } from '../../../../protocol/rescue.ts'
import type { OwnCopy } from '../../../../protocol/rescue-proof.ts'

/** n2 copied from n1 in term 4, which goes on. */
const OWN: OwnCopy = { node: 'n2', position: { term: 4, sequence: 7, writer: 'n1' }, complete: true }

describe('what becomes of the data that is about to be overwritten (S7)', () => {
  const found = (counts: Partial<DifferenceCounts>) => ({ problem: null, tables: [{ table: 'ACL', missingRows: 0, changedRows: 0, extraRows: 0, ...counts }] })
  const written: OwnCopy = { ...OWN, position: { term: 4, sequence: 7, writer: 'n2' } }

  test('without any difference it guards the copy only', () => {
    assert.deepEqual(judge(written, { problem: null, tables: [] }), { guard: true, acknowledged: null })
  })

  test('rows that the active lacks, or has otherwise, are for an operator to see', () => {
    for (const counts of [{ missingRows: 1 }, { changedRows: 1 }, { missingRows: 1, extraRows: 9 }]) assert.deepEqual(judge(OWN, found(counts)), { guard: false, acknowledged: null })
  })

  test('what this node wrote itself may have lost a deletion: any difference is for an operator', () => {
    assert.deepEqual(judge(written, found({ extraRows: 1 })), { guard: false, acknowledged: null })
  })

  test('another node\'s copy that has fewer rows is kept, and troubles nobody', () => {
    const { guard, acknowledged } = judge(OWN, found({ extraRows: 3 }))
    assert.equal(guard, false)
    assert.match(acknowledged ?? '', /only a deletion/)
  })

  test('of a copy that is not complete, or of unknown origin, nothing is taken for granted', () => {
    for (const own of [{ ...OWN, complete: false }, { ...OWN, position: null }]) assert.deepEqual(judge(own, found({ extraRows: 3 })), { guard: false, acknowledged: null })
  })

  test('what could not be compared may hold anything', () => {
    assert.deepEqual(judge(OWN, { problem: 'the active does not answer', tables: [] }), { guard: false, acknowledged: null })
  })
})
