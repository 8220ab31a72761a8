import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION_PATTERN, formatDurationMs, parseDurationMs } from '../../../protocol/duration.ts'

test('a duration is a number with its unit, held as whole milliseconds', () => {
  const durations = { '400ms': 400, '2s': 2_000, '1.5s': 1_500, '0.1s': 100, '0.25m': 15_000, '1h': 3_600_000, '0s': 0 }
  for (const [text, durationMs] of Object.entries(durations)) assert.equal(parseDurationMs(text), durationMs, text)
})

test('a text without a unit, with a foreign unit, a sign, a space or a part of a millisecond is no duration', () => {
  for (const text of ['2', '', 's', '2sec', '2 s', '-2s', '+2s', '1e3ms', '0.5ms', '0.0001s', '1s500ms', '2S', '99999999999999999999h', '1s\n']) {
    assert.equal(parseDurationMs(text), undefined, JSON.stringify(text))
  }
})

test('the pattern that editors use refuses what the parser refuses, but for parts of a millisecond', () => {
  for (const text of ['400ms', '2s', '1.5s']) assert.match(text, new RegExp(DURATION_PATTERN, 'u'))
  for (const text of ['2', '2 s', '-2s', '1s500ms']) assert.doesNotMatch(text, new RegExp(DURATION_PATTERN, 'u'))
})

test('a formatted duration reads back as the same duration', () => {
  for (const durationMs of [0, 1, 999, 1_000, 1_500, 60_000, 90_000, 3_600_000]) assert.equal(parseDurationMs(formatDurationMs(durationMs)), durationMs)
  assert.deepEqual([90_000, 120_000, 1_500].map(formatDurationMs), ['90s', '2m', '1500ms'])
})
