import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackoff } from '../../../../controller/link/backoff.ts'

test('pauses double up to the bound, and begin anew after a success', () => {
  const backoff = createBackoff({ firstMs: 50, maxMs: 1_000 }, () => 1)
  assert.deepEqual(Array.from({ length: 7 }, backoff.takeMs), [50, 100, 200, 400, 800, 1_000, 1_000])
  backoff.reset()
  assert.equal(backoff.takeMs(), 50)
})

test('chance takes away at most half of a pause', () => {
  const least = createBackoff({ firstMs: 50, maxMs: 1_000 }, () => 0)
  assert.deepEqual([least.takeMs(), least.takeMs()], [25, 50])
})

test('a pause ends at once when it is no longer wanted', async () => {
  const stopping = new AbortController()
  const pause = createBackoff({ firstMs: 60_000, maxMs: 60_000 }).pause(stopping.signal)
  stopping.abort()
  await pause
})
