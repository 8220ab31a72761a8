import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inactiveReason, noBackupReason } from '../../../../agent/api/health.ts'
import { GUARD_LEAD_MS } from '../../../../agent/guard-lead.ts'
import type { Report } from '../../../../protocol/report.ts'
import { createApi, createUnitDouble, reportOf } from './unit-double.ts'

const LEASE: Report['lease'] = { term: 4, held: true, remainingMs: 900, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null }
const SERVING: Partial<Report> = { phase: 'active', lease: LEASE }
const PHASES: ReadonlyArray<Report['phase']> = ['starting', 'resuming', 'backup', 'acquiring', 'promoting', 'handingOver', 'stopping', 'witness']

describe('/active fails closed', () => {
  test('in every phase but active, whatever the lease says', () => {
    assert.equal(inactiveReason(reportOf(SERVING)), null)
    for (const phase of PHASES) assert.match(inactiveReason(reportOf({ ...SERVING, phase })) ?? '', /not active/, phase)
  })

  test('as soon as the guard may be shut: a lease that is nearly over is over', () => {
    const left = (remainingMs: number) => inactiveReason(reportOf({ ...SERVING, lease: { ...LEASE, remainingMs } }))
    assert.equal(left(GUARD_LEAD_MS + 1), null)
    assert.equal(left(GUARD_LEAD_MS), 'the lease is about to end')
    assert.equal(left(0), 'the lease has ended')
    assert.equal(inactiveReason(reportOf({ ...SERVING, lease: { ...LEASE, held: false } })), 'the lease has ended')
  })
})

describe('/backup', () => {
  const [server] = reportOf().servers
  const reason = (changes: Partial<Report>, ageMs: number | null = 500, maxLagMs: number | null = 3_000) => noBackupReason(reportOf(changes), () => ageMs, maxLagMs)

  test('is no backup unless every server is up, a backup, replicating and whole', () => {
    assert.equal(reason({}), null)
    for (const [changes, expected] of [
      [{ phase: 'active' }, 'the node is active, no backup'],
      [{ phase: 'stopping' }, 'the node is stopping, no backup'],
      [{ following: null }, 'the node follows nobody'],
      [{ servers: [{ ...server!, health: 'hung' }] }, 'nb is hung'],
      [{ servers: [{ ...server!, role: 'active' }] }, 'nb is active, no backup'],
      [{ servers: [{ ...server!, replication: 'connecting' }] }, 'nb does not replicate from n2'],
      [{ servers: [{ ...server!, complete: false }] }, 'the copy of nb is not complete'],
      [{ servers: [server!, { ...server!, name: 'sb', health: 'down' }] }, 'sb is down']
    ] as ReadonlyArray<readonly [Partial<Report>, string]>) assert.equal(reason(changes), expected)
  })

  test('with maxLag its newest heartbeat is no older, and one was seen; without it any age will do', () => {
    assert.equal(reason({}, 3_000), null)
    assert.equal(reason({}, 3_001), 'nb is 3001ms behind, more than 3s')
    assert.equal(reason({}, null), 'no heartbeat of nb was seen yet')
    for (const ageMs of [90_000, null]) assert.equal(reason({}, ageMs, null), null)
  })

  test('is asked over HTTP: 200 or 503 with the reason; a maxLag that is no duration is refused by name', async t => {
    const unit = createUnitDouble()
    const app = createApi([unit])
    t.after(() => app.close())
    assert.deepEqual((await app.inject('/backup?maxLag=1h')).json(), { cluster: 'ovn', node: 'n1', backup: true, reason: null })
    unit.change({ following: null })
    const answer = await app.inject('/backup?maxLag=1h')
    assert.deepEqual([answer.statusCode, answer.json().reason], [503, 'the node follows nobody'])
    const wrong = await app.inject('/backup?maxLag=soon')
    assert.equal(wrong.statusCode, 400)
    assert.match(wrong.json().message, /maxLag/)
  })
})

test('/live answers whatever the databases do', async t => {
  const app = createApi([createUnitDouble({ phase: 'starting', servers: [] })])
  t.after(() => app.close())
  assert.deepEqual((await app.inject('/live')).json(), { node: 'n1', live: true })
})
