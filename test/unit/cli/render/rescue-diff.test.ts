import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderDiff, valueInWords } from '../../../../cli/render/rescue-diff.ts'
import { createPaint } from '../../../../cli/render/style.ts'
import { rescueDiff } from '../../controller/rescue-views.ts'
import { assertGolden } from '../golden.ts'

test('a diff is told by table and row: missing, changed with both values, extra', async () => {
  await assertGolden('rescue-diff', paint => renderDiff(rescueDiff(), paint))
})

test('no difference is said as such', () => {
  assert.deepEqual(renderDiff(rescueDiff({ tables: [], rows: [], leftOutRows: 0 }), createPaint(false)), ['n1-0123abcd: n2 has every row of it, and no other (OVN_Northbound)'])
})

test('values are written as people write them, and hold no control characters', () => {
  for (const [value, words] of [
    ['a "b"', '"a \\"b\\""'], [7, '7'], [true, 'true'], [['uuid', '11111111-0000-4000-8000-000000000000'], '11111111'],
    [['set', []], '[]'], [['set', [['uuid', '11111111-0'], 'x']], '[11111111, "x"]'], [['map', [['k', 'v'], ['two words', 2]]], '{k="v", "two words"=2}']
  ] as const) assert.equal(valueInWords(value), words)
  assert.equal(valueInWords('x'.repeat(1_000)).length, 400)
})
