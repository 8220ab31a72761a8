import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LOOK_EVERY_MS } from '../../../../controller/core/second-look.ts'
import { activeReport, grant, report, serverReport } from '../../../fixtures.ts'
import { find, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

/** A voter that saw n1 renew so long before it reported. */
const saw = (node: string, renewedAgoMs: number, replication: 'replicating' | 'connecting' = 'connecting') =>
  report(node, { voter: { grants: [grant({ renewedAgoMs })] }, servers: [serverReport({ replication })] })

/** n1's stream is down since 2000 ms; the others saw it renew last at 1950 ms. */
function lost (): LeaderHarness {
  const one = serving()
  one.reports([saw('n2', 40), saw('n3', 40)], 1_990)
  one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
  return one
}

const looks = (one: LeaderHarness) => one.count('look')

describe('every agent is asked at once', () => {
  test('when the active does not report, and a voter still sees it renew', () => {
    const one = lost()
    assert.equal(looks(one), 1)
    assert.deepEqual(one.latest('look').nodes, ['n1', 'n2', 'n3'])
  })

  test('when the active does not report, and a backup still replicates from it', () => {
    // n2 is lost too: n3 alone is no majority, and what it replicates from is the only sign
    for (const [replication, expected] of [['connecting', 1], ['replicating', 2]] as const) {
      const one = lost()
      one.send({ type: 'lost', node: 'n2', why: 'reset' }, 2_010)
      one.reports([saw('n3', 1_950, replication)], 3_200)
      assert.equal(looks(one), expected, replication)
    }
  })

  test('when the active reports that it serves, and a majority sees it renew no more', () => {
    const one = serving()
    one.reports([saw('n2', 1_950)], 1_600)
    assert.equal(looks(one), 0)
    one.reports([saw('n3', 1_950)], 1_610)
    assert.equal(looks(one), 1)
  })
})

describe('nobody is asked', () => {
  test('while all agree, after a release, or by a controller that does not lead', () => {
    const one = serving()
    one.send({ type: 'woke' }, 1_700)
    assert.equal(looks(one), 0)
    const over = serving()
    over.reports([saw('n2', 100), releasedReport('n1')], 1_700)
    assert.equal(looks(over), 0)
    const follower = lost()
    follower.send({ type: 'leadership', leading: false }, 2_050)
    follower.reports([saw('n2', 100)], 2_600)
    assert.equal(looks(follower), 1)
  })

  test('more often than the bound allows, however many reports come; and the history tells it once', () => {
    const one = lost()
    const told: string[] = []
    for (let atMs = 2_010; atMs < 2_000 + 2 * LOOK_EVERY_MS; atMs += 10) told.push(find(one.reports([saw('n2', 100)], atMs), 'record')?.kind ?? '')
    assert.equal(looks(one), 2)
    one.reports([saw('n2', 100)], 2_000 + 2 * LOOK_EVERY_MS)
    assert.equal(looks(one), 3)
    assert.ok(!told.includes('secondLook'), 'the first look was told')
  })
})

describe('an answer', () => {
  test('of a node whose stream is lost tells of terms at once, and does not make it reachable or less silent', () => {
    const one = lost()
    one.reports([saw('n2', 100)], 2_100)
    const before = one.state().agents.n1
    one.send({ type: 'looked', report: { ...releasedReport('n1'), sequence: 2 } }, 2_120)
    const { lostSinceMs, lostWhy, receivedAtMs, report: known } = one.state().agents.n1 ?? {}
    assert.deepEqual([lostSinceMs, lostWhy, receivedAtMs], [before?.lostSinceMs, before?.lostWhy, before?.receivedAtMs])
    assert.equal(known?.lease.releasedTerm, 4)
    assert.equal(one.operation().trigger, 'n1 released term 4')
  })

  test('that is older than what the stream has brought, or of another life, changes nothing', () => {
    const one = serving()
    one.reports([report('n2', { sequence: 5, following: 'n3' })], 1_600)
    one.send({ type: 'looked', report: report('n2', { sequence: 4 }) }, 1_610)
    one.send({ type: 'looked', report: report('n2', { sequence: 9, bootId: 'before' }) }, 1_620)
    assert.equal(one.state().agents.n2?.report?.following, 'n3')
    assert.equal(one.state().agents.n2?.receivedAtMs, 1_600)
    one.send({ type: 'looked', report: report('n2', { sequence: 6 }) }, 1_630)
    assert.equal(one.state().agents.n2?.report?.following, 'n1')
    assert.equal(one.state().agents.n2?.receivedAtMs, 1_630)
  })

  test('does not put off the loss of a node that answers and is seen to renew no more', () => {
    const one = lost()
    for (let atMs = 2_100; atMs < 4_400; atMs += 250) {
      one.reports([saw('n2', atMs - 2_000), saw('n3', atMs - 2_000)], atMs)
      one.send({ type: 'looked', report: activeReport('n1', { sequence: atMs }) }, atMs + 10)
    }
    assert.equal(one.operation().kind, 'failover')
    assert.match(one.operation().trigger, /n1 is lost/)
  })
})
