import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronProblem, isTimezone } from '../../../protocol/cron.ts'

test('a schedule has five fields and comes again and again', () => {
  for (const good of ['30 3 * * *', '*/15 * * * 1-5', '0 4 1 jan,jul *', '0 2 29 2 *']) assert.equal(cronProblem(good), null, good)
  assert.equal(cronProblem('30 3 * *'), 'has 4 fields')
  assert.equal(cronProblem('0 30 3 * * *'), 'has 6 fields')
  assert.equal(cronProblem('@daily'), 'has 1 fields')
  assert.equal(cronProblem('61 25 * * *'), '61 is no minute; 25 is no hour')
  assert.equal(cronProblem('0 0 32 * 9'), '32 is no day of the month; 9 is no day of the week')
  assert.equal(cronProblem('0 0 30 2 *'), 'never comes')
})

test('a time zone is one that this Node knows', () => {
  assert.deepEqual(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimezone), [true, true, false, false])
})
