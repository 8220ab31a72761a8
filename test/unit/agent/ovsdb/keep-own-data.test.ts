import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge, whyIncluded, type OwnCopy, type SourceSeen } from '../../../../agent/ovsdb/keep-own-data.ts'
import type { DifferenceCounts } from '../../../../protocol/rescue.ts'

/** n2 copied from n1 in term 4, which goes on. */
const OWN: OwnCopy = { node: 'n2', position: { term: 4, sequence: 7, writer: 'n1' }, complete: true }
const SOURCE: SourceSeen = { node: 'n1', address: 'tcp:10.0.0.1:16641', position: { term: 4, sequence: 9, writer: 'n1' }, hasOurMarker: false }

describe('whether the source certainly has all that is here (S7)', () => {
  test('a complete copy of what the source wrote in the term that goes on has nothing of its own', () => {
    assert.match(whyIncluded(OWN, SOURCE) ?? '', /n1 wrote in term 4/)
  })

  test('so has one whose last marker the source has, whoever wrote it', () => {
    assert.match(whyIncluded({ ...OWN, position: { term: 4, sequence: 7, writer: 'n2' } }, { ...SOURCE, position: { term: 5, sequence: 1, writer: 'n1' }, hasOurMarker: true }) ?? '', /marker/)
  })

  const doubts: ReadonlyArray<readonly [string, Partial<OwnCopy>, Partial<SourceSeen>]> = [
    ['a newer term began since', {}, { position: { term: 5, sequence: 1, writer: 'n1' } }],
    ['the rows came from another node', { position: { term: 4, sequence: 7, writer: 'n3' } }, {}],
    ['this node wrote them itself', { position: { term: 4, sequence: 7, writer: 'n2' } }, { position: { term: 4, sequence: 9, writer: 'n2' } }],
    ['it is further than the source', { position: { term: 4, sequence: 10, writer: 'n1' } }, {}],
    ['the copy is not complete', { complete: false }, {}],
    ['nothing is known of the one', { position: null }, {}],
    ['nothing is known of the other', {}, { position: null }],
    ['the source is another node than the one that wrote', {}, { node: 'n3' }]
  ]
  for (const [why, own, source] of doubts) {
    test(`not when ${why}`, () => { assert.equal(whyIncluded({ ...OWN, ...own }, { ...SOURCE, ...source }), null) })
  }
})

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
