import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareActivity, judgeSilence, readActivity, type ActivitySample } from '../../../../agent/ovsdb/activity.ts'

const sample = (changes: Partial<ActivitySample> = {}): ActivitySample => ({ pid: 7, startTicks: '100', state: 'S', cpuTicks: 5, ioBytes: 1_000, ...changes })
const silence = (changes: Partial<Parameters<typeof judgeSilence>[0]>) => judgeSilence({ silentMs: 0, idleMs: 0, stopped: false, hungAfterMs: 1_000, busyAfterMs: 10_000, ...changes })

test('CPU or disk use between two looks is progress, and a stopped process makes none', () => {
  assert.equal(compareActivity(sample(), sample()), 'none')
  assert.equal(compareActivity(sample(), sample({ cpuTicks: 6 })), 'progress')
  assert.equal(compareActivity(sample(), sample({ ioBytes: 1_001 })), 'progress')
  assert.equal(compareActivity(sample({ ioBytes: null }), sample({ ioBytes: null })), 'none')
  for (const state of ['T', 't']) assert.equal(compareActivity(sample(), sample({ state, cpuTicks: 6 })), 'stopped')
})

test('two looks at different processes say nothing', () => {
  assert.equal(compareActivity(sample(), sample({ pid: 8 })), 'unknown')
  assert.equal(compareActivity(sample(), sample({ startTicks: '101' })), 'unknown')
})

test('a stopped or idle server is hung after hungAfterMs, and busy until then', () => {
  assert.equal(silence({ silentMs: 999, idleMs: 999, stopped: true }).health, 'busy')
  assert.equal(silence({ silentMs: 1_000, idleMs: 0, stopped: true }).health, 'hung')
  assert.equal(silence({ silentMs: 999, idleMs: 999 }).health, 'busy')
  assert.equal(silence({ silentMs: 1_000, idleMs: 1_000 }).health, 'hung')
})

test('a server that uses CPU or disk is busy, however long, and overdue after busyAfterMs', () => {
  const judged = (changes: Parameters<typeof silence>[0]) => [silence(changes).health, silence(changes).overdue]
  assert.deepEqual(judged({ silentMs: 9_999, idleMs: 999 }), ['busy', false])
  assert.deepEqual(judged({ silentMs: 10_000, idleMs: 999 }), ['busy', true])
  assert.deepEqual(judged({ silentMs: 10_000, idleMs: 1_000 }), ['hung', false])
})

test('a process at work shows progress in /proc', async () => {
  const before = await readActivity(process.pid) ?? assert.fail('no sample of this very process')
  let after = before
  const endMs = performance.now() + 10_000
  while (compareActivity(before, after) !== 'progress' && performance.now() < endMs) after = await readActivity(process.pid) ?? assert.fail('gone')
  assert.equal(compareActivity(before, after), 'progress')
  assert.equal(await readActivity(4_194_304), null)
})
