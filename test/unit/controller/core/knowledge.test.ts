import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freshReport, highestTerm, isFollowing, knownReleases, lastServed, positionOf, releaseOf, servingReport, votersWithoutRenewal } from '../../../../controller/core/knowledge.ts'
import { bootCluster, type ClusterState } from '../../../../controller/core/state.ts'
import type { Report } from '../../../../protocol/report.ts'
import { activeReport, coreConfig, grant, position, report, serverReport } from '../../../fixtures.ts'
import { releasedReport } from './leader-harness.ts'

const config = coreConfig()

/** What was reported at 1000 ms. */
function knowing (reports: readonly Report[], changes: Partial<ClusterState> = {}): ClusterState {
  const booted = bootCluster(config, 0)
  const seen = reports.map(one => [one.node, { report: one, phaseSinceMs: 1_000, receivedAtMs: 1_000, lostSinceMs: null, lostWhy: null }] as const)
  return { ...booted, agents: { ...booted.agents, ...Object.fromEntries(seen) }, ...changes }
}

test('a report is fresh until it is missing for the time after which a node is suspected', () => {
  const state = knowing([report('n2')])
  assert.equal(freshReport(config, state, 'n2', 1_999)?.node, 'n2')
  assert.equal(freshReport(config, state, 'n2', 2_000), null)
})

test('a report whose stream is down is not fresh, however young', () => {
  const state = knowing([])
  const agents = { ...state.agents, n2: { report: report('n2'), phaseSinceMs: 1_000, receivedAtMs: 1_000, lostSinceMs: 1_001, lostWhy: 'reset' } }
  assert.equal(freshReport(config, { ...state, agents }, 'n2', 1_002), null)
})

describe('who serves', () => {
  test('only a node that says it holds its lease serves, and of two the one with the higher term (S2)', () => {
    const old = activeReport('n1')
    const next = activeReport('n2', { lease: { term: 5 } })
    assert.equal(servingReport(config, knowing([old, next]), 1_100)?.node, 'n2')
    assert.equal(servingReport(config, knowing([activeReport('n1', { lease: { held: false } })]), 1_100), null)
  })

  test('a node that promotes or resumes does not serve yet', () => {
    assert.equal(servingReport(config, knowing([activeReport('n1', { phase: 'promoting' })]), 1_100), null)
  })
})

describe('terms and releases (S1, S2)', () => {
  test('the highest term that any voter ever told counts, however old the report (S1)', () => {
    assert.deepEqual(highestTerm(knowing([report('n2', { voter: { term: 7, holder: 'n3' } }), report('n3')])), { term: 7, holder: 'n3' })
  })

  test('a release is known from its holder or from any voter, for that very term only (S2)', () => {
    assert.deepEqual(releaseOf(knowing([releasedReport()]), 'n1', 4), { served: true })
    assert.deepEqual(releaseOf(knowing([report('n2', { voter: { released: { served: false } } })]), 'n1', 4), { served: false })
    assert.equal(releaseOf(knowing([releasedReport()]), 'n1', 5), null)
    assert.equal(releaseOf(knowing([releasedReport()]), 'n2', 4), null)
  })

  test('every known release may be left out of the wait once, highest term first (S3)', () => {
    const state = knowing([releasedReport(), report('n2', { voter: { term: 6, holder: 'n3', released: { served: false } } })])
    assert.deepEqual(knownReleases(state), [
      { holder: 'n3', term: 6, why: 'released' },
      { holder: 'n1', term: 4, why: 'released' }
    ])
  })
})

describe('who served last (S6)', () => {
  test('a holder of a term may have served unless it said that it did not (S6)', () => {
    assert.deepEqual(lastServed(knowing([report('n2', { voter: { term: 5, holder: 'n2', previous: { holder: 'n1', term: 4 } } })])), { holder: 'n2', term: 5 })
    assert.deepEqual(lastServed(knowing([report('n2', { voter: { term: 6, holder: 'n2', released: { served: false }, previous: { holder: 'n2', term: 5 }, heard: { holder: 'n1', term: 4, sequence: 9 } } })]), { holder: 'n2', after: 4 }), { holder: 'n1', term: 4 })
    assert.deepEqual(lastServed(knowing([report('n2', { voter: { term: 5, holder: 'n2', released: { served: false }, previous: { holder: 'n1', term: 4 } } })])), { holder: 'n1', term: 4 })
    // nobody served in term 5, as its holder told after the voters had gone on to the next
    const overtaken = { term: 6, holder: 'n3', granted: false, previous: { holder: 'n2', term: 5 }, earlier: [{ holder: 'n1', term: 4 }] }
    assert.deepEqual(lastServed(knowing([report('n2', { voter: overtaken, lease: { releasedTerm: 5, releasedServed: false } }), report('n3', { voter: overtaken })])), { holder: 'n1', term: 4 })
  })

  test('the store remembers an active of a higher term than any voter that answers (S6)', () => {
    assert.deepEqual(lastServed(knowing([report('n2')], { memory: { term: 9, active: 'n3', sequence: 2 } })), { holder: 'n3', term: 9 })
  })

  test('a cluster that never served has no last active', () => {
    assert.equal(lastServed(knowing([report('n2', { voter: { term: 0, holder: null } })])), null)
  })
})

describe('the second sign of a loss (S1)', () => {
  test('a voter that saw the holder renew lately sees it, and is asked again when that would be too long ago (S1)', () => {
    const state = knowing([report('n2', { voter: { grants: [grant({ renewedAgoMs: 300 })] } }), report('n3', { voter: { grants: [] } })])
    assert.deepEqual(votersWithoutRenewal(config, state, 'n1', 1_100), { silent: ['n3'], seeing: ['n2'], nextCheckMs: 2_600 })
  })

  test('a voter counts as silent when its last report is old enough for the renewal that it told of to be too long ago', () => {
    const state = knowing([report('n2', { voter: { grants: [grant({ renewedAgoMs: 1_800 })] } })])
    assert.deepEqual(votersWithoutRenewal(config, state, 'n1', 1_100).silent, ['n2'])
  })

  test('a grant of another holder is no sign of life of this one; one of an earlier term of its own is', () => {
    const state = knowing([report('n2', { voter: { grants: [grant({ holder: 'n3' })] } }), report('n3', { voter: { grants: [grant({ term: 3 })] } })])
    const { silent, seeing } = votersWithoutRenewal(config, state, 'n1', 1_100)
    assert.deepEqual({ silent, seeing }, { silent: ['n2'], seeing: ['n3'] })
  })

  test('the holder itself and voters that cannot vote or do not answer are no witnesses of its loss', () => {
    const state = knowing([releasedReport('n1'), report('n2', { voter: { problem: 'corrupt' } })])
    assert.deepEqual(votersWithoutRenewal(config, state, 'n1', 1_100), { silent: [], seeing: [], nextCheckMs: null })
  })
})

test('a node is only as far as its oldest server (S6)', () => {
  const servers = [serverReport({ position: position(4, 17) }), serverReport({ name: 'sb', position: position(4, 15) })]
  assert.deepEqual(positionOf(report('n2', { servers })), position(4, 15))
  assert.equal(positionOf(report('n2', { servers: [...servers, serverReport({ name: 'x', position: null })] })), null)
})

test('a node follows when all its servers replicate from that node and their copies are complete', () => {
  assert.equal(isFollowing(report('n2'), 'n1'), true)
  assert.equal(isFollowing(report('n2'), 'n3'), false)
  assert.equal(isFollowing(report('n2', { servers: [serverReport(), serverReport({ name: 'sb', complete: false })] }), 'n1'), false)
  assert.equal(isFollowing(report('n2', { servers: [serverReport({ replication: 'connecting' })] }), 'n1'), false)
})
