import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildReport, followedNode, type ReportExtras } from '../../../../agent/core/report.ts'
import { ReportSchema, type Report } from '../../../../protocol/report.ts'
import { Value } from 'typebox/value'
import { durableState, observation, position, sourceOf, unitConfig, voterRecord } from '../../../fixtures.ts'
import { active, backup, harness, type UnitHarness } from './unit-harness.ts'

const extras: ReportExtras = { bootId: 'boot', sequence: 1, configDigest: 'digest', databases: { nb: 'OVN_Northbound' }, rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 }, guardProblem: null }

function reportOf (unit: UnitHarness, nowMs: number): Report {
  return buildReport(unit.config, unit.state(), extras, nowMs)
}

test('in every phase the report is what the schema promises', () => {
  const stopping = active()
  stopping.observe({ health: 'down', reason: 'the process ended' }, 1_100)
  for (const unit of [harness(), backup(), active(), stopping, harness({ problem: 'corrupt' }), harness(durableState(), { witness: true, servers: [] })]) {
    assert.deepEqual([...Value.Errors(ReportSchema, reportOf(unit, 1_100))], [])
  }
})

test('an active says what is left of its lease, and that it holds none when that is over, whatever its phase says (S2)', () => {
  const unit = active()
  assert.deepEqual(reportOf(unit, 1_100).lease, { term: 4, held: true, remainingMs: 1_900, releasedTerm: 0, releasedServed: false, votersGeneration: 1, without: null })
  assert.equal(reportOf(unit, 3_000).lease.held, false)
})

test('a node that stops serving names the term and holds no lease; afterwards it names the release (S2)', () => {
  const unit = active()
  unit.observe({ health: 'down' }, 1_100)
  assert.deepEqual(reportOf(unit, 1_100).lease, { term: 4, held: false, remainingMs: 0, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null })
  unit.finish('stopServing', 1_110)
  assert.deepEqual(reportOf(unit, 1_110).lease, { term: 0, held: false, remainingMs: 0, releasedTerm: 4, releasedServed: true, votersGeneration: 0, without: null })
})

test('the voter\'s side tells term, holder, release and the grants that still run (S1, S3)', () => {
  const unit = active()
  const { voter } = reportOf(unit, 1_100)
  assert.equal(voter.term, 4)
  assert.equal(voter.holder, 'n1')
  assert.deepEqual(voter.grants, [{ holder: 'n1', term: 4, remainingMs: 2_021, renewedAgoMs: 100 }])
  assert.deepEqual(reportOf(unit, 3_121).voter.grants, [])
})

test('a lost voter record is a problem, and no term is claimed (S1)', () => {
  const { voter, problems } = reportOf(harness({ problem: 'voter.json is corrupt' }), 10)
  assert.equal(voter.problem, 'voter.json is corrupt')
  assert.equal(voter.term, 0)
  assert.deepEqual(problems.map(problem => problem.code), ['cannotVote'])
})

test('a node without a packet guard says so, and whether the kernel ends its right to serve all the same (S4)', () => {
  for (const [guardKind, kind, vipLifetime, expected] of [['nftables', 'nftables', false, []], ['vipLifetime', 'none', true, ['weakGuard']], ['none', 'none', false, ['weakGuard']]] as const) {
    const { guard, problems } = reportOf(backup({ voter: voterRecord(), ownRelease: { term: 4, served: true } }, { guardKind }), 10)
    assert.deepEqual([guard.kind, guard.vipLifetime], [kind, vipLifetime])
    assert.deepEqual(problems.map(problem => problem.code), expected)
  }
})

test('an incomplete copy and a server that is not up are problems that name the server (S6)', () => {
  const unit = backup()
  unit.observe({ health: 'busy', reason: 'compacting', complete: false, incompleteReason: 'a resync is under way' }, 100)
  assert.deepEqual(reportOf(unit, 100).problems, [
    { code: 'server-busy', message: 'server nb is busy: compacting', server: 'nb' },
    { code: 'incompleteCopy', message: 'server nb: a resync is under way', server: 'nb' }
  ])
})

test('a server that was never seen is not complete and not up: nothing is guessed', () => {
  const [server] = reportOf(harness(), 1).servers
  assert.equal(server?.health, 'unknown')
  assert.equal(server?.complete, false)
  assert.equal(server?.position, null)
})

test('a server that could not be started is down, and says why', () => {
  const unit = harness()
  unit.finish('startServer', 10, 'no such program')
  const [server] = reportOf(unit, 10).servers
  assert.equal(server?.health, 'down')
  assert.equal(server?.reason, 'no such program')
})

test('a node follows another only when all its servers do', () => {
  const config = unitConfig({ servers: ['nb', 'sb'], sources: { n2: { nb: sourceOf('n2'), sb: 'tcp:10.0.0.2:16642' } } })
  const server = { observation: null, observedFromMs: 0, busyOp: null, startAttempts: 0, startAtMs: null, startProblem: null }
  const nb = { ...server, observation: observation({ source: sourceOf('n2'), position: position(4, 1) }) }
  const state = backup().state()
  assert.equal(followedNode(config, { ...state, servers: { nb, sb: server } }), null)
  assert.equal(followedNode(config, { ...state, servers: { nb, sb: { ...server, observation: observation({ source: 'tcp:10.0.0.2:16642' }) } } }), 'n2')
})
