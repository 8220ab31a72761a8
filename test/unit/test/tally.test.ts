import assert from 'node:assert/strict'
import test from 'node:test'
import { tallyOf } from '../../tally.ts'

const counts = (tests: number, passed: number, skipped = 0) => ({ tests, passed, skipped, todo: 0 })

test('what did not pass and was not skipped has failed, cancelled tests too', () => {
  assert.deepEqual(tallyOf([
    { file: 'a.test.ts', counts: counts(4, 1, 1) },
    { file: undefined, counts: counts(4, 1, 1) }
  ]), { passed: 1, failed: 2, skipped: 1 })
})

test('a file that ends well without a single test has failed', () => {
  assert.deepEqual(tallyOf([
    { file: 'a.test.ts', counts: counts(3, 3) },
    { file: undefined, counts: counts(4, 4) }
  ]), { passed: 3, failed: 1, skipped: 0 })
})

test('a run that never said how it ended has failed', () => {
  assert.equal(tallyOf([{ file: 'a.test.ts', counts: counts(3, 3) }]).failed, 1)
})
