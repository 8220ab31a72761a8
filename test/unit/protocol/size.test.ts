import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSizeBytes } from '../../../protocol/size.ts'

test('a size is a number with a binary unit, held as whole bytes', () => {
  const sizes = { '1B': 1, '1KiB': 1_024, '1.5MiB': 1_572_864, '1GiB': 1_073_741_824, '2TiB': 2_199_023_255_552 }
  for (const [text, sizeBytes] of Object.entries(sizes)) assert.equal(parseSizeBytes(text), sizeBytes, text)
})

test('decimal units, no unit, a sign, a space or a part of a byte are refused', () => {
  for (const text of ['1', '1GB', '1G', '1gib', '1 GiB', '-1B', '0.3B', '99999999999TiB']) assert.equal(parseSizeBytes(text), undefined, text)
})
