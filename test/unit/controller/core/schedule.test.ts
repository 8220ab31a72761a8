import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jitterMs } from '../../../../controller/core/schedule.ts'
import { operationView } from '../api/views.ts'
import { ASKED_AT, AT, calmView, NEXT, scheduleHarness, servedBy } from './schedule-harness.ts'

describe('what is due', () => {
  test('begins on the leader, and nowhere else', () => {
    const follower = scheduleHarness()
    follower.due('drill', 1_000)
    assert.deepEqual([follower.find('switchover'), follower.records()], [[], []])
    const leader = scheduleHarness()
    leader.lead()
    leader.due('drill', 1_000)
    assert.deepEqual(leader.find('switchover').map(({ to }) => to), [null])
    assert.deepEqual(leader.records(), ['scheduleBegan'])
  })

  test('begins later by the jitter of its cluster, which is always the same and spread over clusters', () => {
    const one = scheduleHarness({ jitterMs: 60_000 }, 'ovn-7')
    const lateMs = jitterMs('ovn-7', 60_000)
    one.lead()
    assert.deepEqual(one.due('drill', 1_000).find(action => action.type === 'wakeAt'), { type: 'wakeAt', atMs: 1_000 + lateMs })
    one.see(calmView(), 999 + lateMs)
    assert.equal(one.find('switchover').length, 0)
    one.see(calmView(), 1_000 + lateMs)
    assert.equal(one.find('switchover').length, 1)
    const offsets = Array.from({ length: 200 }, (_, at) => jitterMs(`cluster-${at}`, 60_000))
    assert.ok(offsets.every(offset => offset >= 0 && offset < 60_000))
    const thirds = [0, 1, 2].map(third => offsets.filter(offset => Math.floor(offset / 20_000) === third).length)
    assert.ok(thirds.every(clusters => clusters > 40), `spread: ${thirds.join(' ')}`)
    assert.equal(jitterMs('ovn', 0), 0)
  })

  test('waits while the cluster is paused, changes or is not served, and begins when that is over', () => {
    const one = scheduleHarness()
    one.lead()
    for (const unrest of [{ paused: { by: 'alice', at: AT, reason: '' } }, { operation: operationView({ outcome: 'running' }) }, { active: null }]) {
      one.see(calmView(unrest), 0)
      if (one.state().waiting.length === 0) one.due('compaction', 1_000)
      assert.equal(one.find('compact').length, 0)
    }
    one.see(calmView(), 61_000)
    assert.equal(one.find('compact').length, 1)
  })

  test('waits for as long as startWithin, and is then missed, with the reason', () => {
    const one = scheduleHarness()
    one.lead()
    one.see(calmView({ paused: { by: 'alice', at: AT, reason: '' } }), 0)
    one.due('compaction', 1_000)
    one.see(calmView({ paused: { by: 'alice', at: AT, reason: '' } }), 61_000)
    assert.deepEqual(one.records(), [])
    one.send({ type: 'woke' }, 61_001)
    assert.equal(one.last()?.message, `the compaction of ${AT} did not happen: the cluster is paused by alice`)
    assert.deepEqual([one.records(), one.outcomes(), one.state().waiting], [['scheduleMissed'], ['compaction missed'], []])
  })
})

describe('what overlaps', () => {
  test('a run that is due while the one before runs, or waits, is left out and told', () => {
    const one = scheduleHarness()
    one.lead()
    one.due('drill', 1_000)
    one.due('drill', 2_000, NEXT)
    assert.deepEqual([one.records(), one.outcomes(), one.find('switchover').length], [['scheduleBegan', 'scheduleOverlapped'], ['drill overlapped'], 1])
    const other = scheduleHarness()
    other.lead()
    other.see(calmView({ paused: { by: 'alice', at: AT, reason: '' } }), 0)
    other.due('drill', 1_000)
    other.due('drill', 2_000, NEXT)
    assert.deepEqual([other.records(), other.state().waiting.length], [['scheduleOverlapped'], 1])
  })

  test('two jobs of one cluster run one after the other; the second is missed when the first takes too long', () => {
    const one = scheduleHarness()
    one.lead()
    one.due('drill', 1_000)
    one.due('compaction', 1_000)
    assert.deepEqual([one.find('switchover').length, one.find('compact').length], [1, 0])
    one.see(calmView(), 61_001)
    assert.match(one.last()?.message ?? '', /did not happen: a drill ran/)
  })
})

describe('what is missed', () => {
  test('a time that passed long ago while nobody led is told by the next leader, once', () => {
    const one = scheduleHarness()
    one.lead({ next: { compaction: '2026-01-02T02:00:00.000Z', drill: NEXT } })
    const message = 'the compaction of 2026-01-02T02:00:00.000Z did not happen: no controller led the cluster then'
    assert.equal(one.last()?.message, message)
    assert.deepEqual(one.outcomes(), ['compaction missed'])
    const kept = one.kept()
    assert.deepEqual(kept, { next: { compaction: NEXT, drill: NEXT }, waiting: [], running: null, last: { compaction: { at: '2026-01-02T02:00:00.000Z', by: null, outcome: 'missed', message, durationMs: null } } })
    const after = scheduleHarness()
    after.lead(kept)
    assert.deepEqual(after.records(), [])
  })

  test('a time that passed within startWithin while nobody led is taken up, once, with what is left of its jitter; not that of a job that is no more', () => {
    const one = scheduleHarness({ jitterMs: 60_000 })
    one.send({ type: 'led', at: AT, next: { drill: NEXT }, kept: { next: { drill: '2026-01-02T03:29:50.000Z', compaction: '2026-01-02T03:29:50.000Z' }, waiting: [], running: null, last: {} } }, 5_000)
    assert.deepEqual(one.state().waiting, [{ job: 'drill', at: '2026-01-02T03:29:50.000Z', by: null, fromMs: 5_000 + Math.max(0, jitterMs('ovn', 60_000) - 10_000) }])
    one.due('drill', 5_001, '2026-01-02T03:29:50.000Z')
    assert.deepEqual([one.state().waiting.length, one.records()], [1, []], 'the timetable told the same time')
    one.see(calmView(), 70_000)
    one.due('drill', 70_001, '2026-01-02T03:29:50.000Z')
    assert.deepEqual([one.find('switchover').length, one.records()], [1, ['scheduleBegan']])
  })

  test('what waited when its leader was lost is taken up by the next one, also what was asked for, and not what has no schedule any more; or told when that is long ago', () => {
    const paused = calmView({ paused: { by: 'alice', at: AT, reason: '' } })
    const one = scheduleHarness()
    one.see(paused, 0)
    one.lead()
    one.due('compaction', 1_000)
    one.ask('drill', 2_000)
    const kept = one.kept()
    assert.deepEqual(kept?.waiting, [{ job: 'compaction', at: AT, by: null }, { job: 'drill', at: ASKED_AT, by: 'ann' }])
    const soon = scheduleHarness()
    soon.lead({ ...kept, waiting: [...kept?.waiting ?? [], { job: 'snapshot', at: AT, by: null }], next: {} }, '2026-01-02T03:30:30.000Z')
    assert.deepEqual([soon.find('compact').length, soon.state().waiting.map(({ job, by }) => [job, by])], [1, [['drill', 'ann']]])
    const late = scheduleHarness()
    late.lead({ ...kept, next: {} }, '2026-01-02T05:01:01.000Z')
    assert.deepEqual([late.find('compact').length, late.find('switchover').length], [0, 0])
    assert.deepEqual(late.find('record').map(({ message }) => message), [`the compaction of ${AT} did not happen: no controller led the cluster then`, `the drill that ann asked for at ${ASKED_AT} did not happen: no controller led the cluster then`])
  })

  test('a time at which this process did not run is told', () => {
    const one = scheduleHarness()
    one.send({ type: 'overslept', job: 'drill', at: AT, next: NEXT }, 500)
    assert.deepEqual(one.records(), [], 'a controller that does not lead has missed nothing')
    one.lead()
    one.send({ type: 'overslept', job: 'drill', at: AT, next: NEXT }, 1_000)
    assert.deepEqual([one.records(), one.find('switchover').length], [['scheduleMissed'], 0])
  })

  test('a run that was broken off with its leader is told by the next one, and a drill names who is to serve', () => {
    const one = scheduleHarness()
    one.lead()
    one.due('drill', 1_000)
    const kept = one.kept()
    assert.deepEqual(kept?.running, { job: 'drill', at: AT, by: null, home: 'n1' })
    one.send({ type: 'leadLost' }, 2_000)
    one.see(servedBy('n2'), 2_500)
    one.end(3_000, null, operationView({ to: 'n2' }))
    one.see(servedBy('n2'), 60_000)
    assert.equal(one.find('switchover').length, 1, 'who leads no more orders nothing')
    const next = scheduleHarness()
    next.lead(kept)
    assert.match(next.last()?.message ?? '', /was broken off.*If n1 does not serve/)
    assert.deepEqual(next.outcomes(), ['drill failed'])
    assert.deepEqual([next.kept()?.running, next.kept()?.last.drill?.outcome], [null, 'failed'])
  })
})

describe('what is asked for', () => {
  test('begins at once, whatever the jitter, in the name of who asked; who does not lead does nothing', () => {
    const follower = scheduleHarness()
    follower.ask('drill', 1_000)
    assert.deepEqual(follower.find('switchover'), [])
    const one = scheduleHarness({ jitterMs: 60_000, drill: null })
    one.lead()
    one.ask('drill', 1_000)
    assert.deepEqual(one.find('switchover').map(({ by }) => by), ['ann'])
    assert.equal(one.last()?.message, `the drill that ann asked for at ${ASKED_AT} begins`)
    assert.deepEqual(one.state().next, { compaction: NEXT, drill: NEXT }, 'the next time stays')
  })

  test('does not run beside one of its kind', () => {
    const one = scheduleHarness()
    one.lead()
    one.due('drill', 1_000)
    one.ask('drill', 2_000)
    assert.deepEqual([one.find('switchover').length, one.outcomes()], [1, ['drill overlapped']])
  })
})

test('how the last run of each job went is kept, with its duration and its words', () => {
  const one = scheduleHarness()
  one.lead()
  one.due('snapshot', 1_000)
  one.end(3_500)
  assert.deepEqual(one.kept()?.last, { snapshot: { at: AT, by: null, outcome: 'done', message: 'taken from n2', durationMs: 2_500 } })
  one.due('drill', 4_000)
  one.end(5_000, 'refused')
  assert.deepEqual([one.kept()?.last.drill?.outcome, one.kept()?.last.drill?.message], ['failed', 'failover drill failed: the service could not be moved away from n1: refused'])
  assert.equal(one.kept()?.last.snapshot?.outcome, 'done')
})
