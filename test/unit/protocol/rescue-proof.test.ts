import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isCopyOf, whyIncluded, type OwnCopy, type SourceCopy } from '../../../protocol/rescue-proof.ts'

/** n2 copied from n1 in term 4, which goes on. */
const OWN: OwnCopy = { node: 'n2', position: { term: 4, sequence: 7, writer: 'n1' }, complete: true }
const SOURCE: SourceCopy = { node: 'n1', position: { term: 4, sequence: 9, writer: 'n1' }, hasOurMarker: false }

describe('whether the source certainly has all that is here (S7)', () => {
  test('a complete copy of what the source wrote in the term that goes on has nothing of its own', () => {
    assert.match(whyIncluded(OWN, SOURCE) ?? '', /n1 wrote in term 4/)
  })

  test('so has one whose last marker the source has, whoever wrote it', () => {
    assert.match(whyIncluded({ ...OWN, position: { term: 4, sequence: 7, writer: 'n2' } }, { ...SOURCE, position: { term: 5, sequence: 1, writer: 'n1' }, hasOurMarker: true }) ?? '', /marker/)
  })

  const doubts: ReadonlyArray<readonly [string, Partial<OwnCopy>, Partial<SourceCopy>]> = [
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

describe('whether a complete copy is of the source as it was when it was asked (S7)', () => {
  const seen = { term: 4, sequence: 9, writer: 'n1' }

  test('it is when it is as far, or further, in the same reign', () => {
    assert.equal(isCopyOf(seen, seen), true)
    assert.equal(isCopyOf(seen, { ...seen, sequence: 12 }), true)
  })

  test('it is not known to be when another reign began, when it is not as far, or when either is unknown', () => {
    for (const copied of [{ ...seen, term: 5 }, { ...seen, writer: 'n3' }, { ...seen, sequence: 8 }, null]) assert.equal(isCopyOf(seen, copied), false)
    assert.equal(isCopyOf(null, seen), false)
  })
})
