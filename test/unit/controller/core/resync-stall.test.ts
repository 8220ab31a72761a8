import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stallInWords, stallOf } from '../../../../controller/core/resync-stall.ts'
import { activeReport, serverReport } from '../../../fixtures.ts'

const MEBIBYTE_BYTES = 1024 * 1024
const source = (...mebibytes: number[]) => activeReport('n1', { servers: mebibytes.map((size, index) => serverReport({ name: `s${index}`, fileBytes: size * MEBIBYTE_BYTES })) })

test('a copy stalls its source by the size of its file, each server for itself: the longest counts', () => {
  assert.deepEqual(stallOf(source(10, 90, 20)), { server: 's1', fileBytes: 90 * MEBIBYTE_BYTES, stallMs: 4_500 })
})

test('a stall that nobody would notice is not worth a word', () => {
  assert.equal(stallOf(source(0, 4.9)), null)
  assert.equal(stallOf(source(0, 5))?.stallMs, 250)
})

test('it is told in seconds and sizes that people know', () => {
  assert.equal(stallInWords({ server: 'nb', fileBytes: 90 * MEBIBYTE_BYTES, stallMs: 4_500 }), 'nb (90 MiB) may answer nobody for up to 4.5 s')
})
