import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, instant } from '../../../../cli/render/time.ts'

test('durations are said in the unit that people read', () => {
  assert.deepEqual([0.04, 48.24, 999.94, 1_250, 12_345, 200_000, 7_300_000].map(duration), ['0.0 ms', '48.2 ms', '999.9 ms', '1.25 s', '12.3 s', '3 min 20 s', '2 h 1 min'])
})

test('instants are UTC, and what is none is shown as it is', () => {
  assert.equal(instant('2026-01-02T03:04:05.678Z'), '2026-01-02 03:04:05 UTC')
  assert.equal(instant('2026-01-02T03:04:05.678Z', 'milliseconds'), '2026-01-02 03:04:05.678 UTC')
  assert.equal(instant('yesterday'), 'yesterday')
})
