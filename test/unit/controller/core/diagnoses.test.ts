import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { diagnose } from '../../../../controller/core/diagnoses.ts'
import type { Diagnosis } from '../../../../controller/core/diagnosis.ts'
import { HOLDS } from '../../../../controller/core/hold-rules.ts'
import { connectionWords } from '../../../../protocol/connection-words.ts'
import { DIAGNOSIS_NAMES, DIAGNOSIS_PAGES } from '../../../../protocol/diagnosis.ts'
import type { Report } from '../../../../protocol/report.ts'
import { activeReport, coreConfig, freshNodeReport, grant, memberConfig, position, report, serverReport, witnessReport } from '../../../fixtures.ts'
import { leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

function found (one: LeaderHarness, nowMs: number): readonly Diagnosis[] {
  return diagnose(one.config, one.state(), nowMs)
}

/** `name node` of everything that is wrong. */
function names (one: LeaderHarness, nowMs = 1_600): readonly string[] {
  return found(one, nowMs).map(({ name, node }) => node === null ? name : `${name} ${node}`)
}

/** n1 serves, n3 follows; n2 is what the test makes of it. */
function withN2 (changes: Parameters<typeof report>[1]): LeaderHarness {
  const one = leader()
  one.reports([activeReport('n1'), report('n2', changes), report('n3')], 1_500)
  return one
}

const lostAt = (one: LeaderHarness, node: string, why: string, atMs: number) => one.send({ type: 'lost', node, why }, atMs)

test('nothing is wrong with a cluster that serves, nor with one that never served', () => {
  assert.deepEqual(names(serving()), [])
  const one = leader()
  one.reports([freshNodeReport('n1'), freshNodeReport('n2')], 1_500)
  assert.deepEqual(names(one).filter(name => name.startsWith('clusterHolds')), [])
})

describe('a node that does not report', () => {
  test('is dead when nobody sees a sign of it, and not before it has been silent for long enough', () => {
    const one = serving()
    lostAt(one, 'n2', 'silent for 750 ms', 2_000)
    one.reports([activeReport('n1'), report('n3')], 2_400)
    assert.deepEqual(names(one, 2_499), [])
    assert.deepEqual(names(one, 2_500), ['deadNode n2'])
    const [dead] = found(one, 2_500)
    assert.deepEqual(dead?.evidence, [{ by: 'ctl-a', saw: 'no reports: silent for 750 ms', atMs: 1_500 }])
  })

  test('is only cut off from this controller while another voter sees it renew', () => {
    const one = serving()
    lostAt(one, 'n1', 'silent', 2_000)
    one.reports([report('n2', { voter: { grants: [grant({ renewedAgoMs: 100 })] } }), report('n3', { voter: { grants: [grant({ renewedAgoMs: 1_950 })] } })], 2_600)
    assert.deepEqual(names(one, 2_600), ['unreachableAgent n1'])
    assert.match(found(one, 2_600)[0]?.message ?? '', /cut off from this controller alone: n2 sees it renew its lease/)
    assert.ok(found(one, 2_600)[0]?.evidence.some(({ by, saw, atMs }) => by === 'n2' && /renewed term 4 100 ms before/.test(saw) && atMs === 2_600))
    one.reports([report('n2', { voter: { grants: [grant({ renewedAgoMs: 1_950 })] } }), report('n3', { voter: { grants: [] } })], 4_600)
    assert.ok(names(one, 4_600).includes('deadNode n1'))
  })

  test('runs no agent when its host refuses the connection', () => {
    const one = serving()
    lostAt(one, 'n2', connectionWords(Object.assign(new Error('connect ECONNREFUSED 10.0.0.2:8643'), { code: 'ECONNREFUSED' }), '10.0.0.2:8643'), 2_000)
    one.reports([activeReport('n1'), report('n3')], 2_600)
    assert.deepEqual(names(one, 2_600), ['unreachableAgent n2'])
  })

  test('is not called dead by a leader that has just started, or that slept', () => {
    const one = serving()
    one.send({ type: 'stalled' }, 9_000)
    assert.deepEqual(names(one, 9_900).filter(name => name.startsWith('deadNode')), [])
    assert.deepEqual(names(one, 10_000).filter(name => name.startsWith('deadNode')), ['deadNode n1', 'deadNode n2', 'deadNode n3'])
    assert.deepEqual(names(leader(), 900), [])
  })

  test('is fenced when its device said so, and nothing else', () => {
    const one = serving()
    lostAt(one, 'n2', 'silent', 2_000)
    one.send({ type: 'fenceEnded', tag: 99, node: 'n2', action: 'off', by: 'ann', commandId: 3, ok: true, detail: 'chassis power is off' }, 3_000)
    one.reports([activeReport('n1'), report('n3')], 3_500)
    assert.deepEqual(names(one, 3_500), ['fencedNode n2'])
  })
})

describe('a node that reports and is cut off from the active', () => {
  const cut = (renewedAgoMs: number, changes: Parameters<typeof report>[1] = {}): LeaderHarness => {
    const one = serving()
    one.reports([activeReport('n1'), report('n2', { ...changes, voter: { grants: [grant({ renewedAgoMs })], ...changes.voter } }), report('n3')], 4_000)
    return one
  }

  test('is isolated when it has not heard it for more than a lease', () => {
    assert.deepEqual(names(cut(2_000), 4_000), [])
    assert.deepEqual(names(cut(2_001), 4_000), ['isolatedNode n2'])
  })

  test('is isolated as a witness too', () => {
    const config = coreConfig({ members: [memberConfig('n1'), memberConfig('n2'), memberConfig('w1', { witness: true, address: '10.0.0.9' })] })
    const one = leader(config)
    const reports = [activeReport('n1'), report('n2'), witnessReport('w1', { voter: { grants: [] } })]
    one.reports(reports, 1_500)
    one.reports(reports, 4_000)
    assert.deepEqual(names(one, 4_000), ['isolatedNode w1'])
  })

  test('is not while its agent, or the active, is new: it cannot have heard for so long', () => {
    const one = serving()
    one.reports([activeReport('n1'), report('n2', { bootId: 'again', voter: { grants: [] } }), report('n3')], 4_000)
    assert.deepEqual(names(one, 6_000 - 1_100), [])
    const two = serving()
    two.reports([activeReport('n1', { bootId: 'again' }), report('n2', { voter: { grants: [] } }), report('n3')], 4_000)
    assert.deepEqual(names(two, 4_500), [])
  })

  test('is not when it cannot vote, or has accepted a newer term', () => {
    assert.deepEqual(names(cut(9_000, { voter: { problem: 'corrupt', grants: [] } }), 4_000), [])
    assert.ok(!names(cut(9_000, { voter: { term: 5, holder: 'n2', grants: [] } }), 4_000).includes('isolatedNode n2'))
  })
})

describe('servers', () => {
  for (const [health, name] of [['down', 'deadServer'], ['hung', 'hungServer'], ['busy', 'busyServer'], ['unknown', 'unknownServer']] as const) {
    test(`a server that is ${health} is a ${name}, with the agent's reason as evidence`, () => {
      const one = withN2({ servers: [serverReport({ health, reason: 'for this reason' })] })
      assert.deepEqual(names(one).filter(one => !one.startsWith('clusterHolds')), [`${name} n2`])
      assert.deepEqual(found(one, 1_600)[0]?.evidence, [{ by: 'n2', saw: 'nb: for this reason', atMs: 1_500 }])
    })
  }

  test('an active server without the lease is unsanctioned; one in a promotion or under the lease is not', () => {
    const active = [serverReport({ role: 'active', source: null, replication: 'none' })]
    assert.deepEqual(names(withN2({ servers: active })), ['unsanctionedActive n2'])
    assert.deepEqual(names(withN2({ servers: active, phase: 'stopping' })), [])
    assert.deepEqual(names(withN2({ servers: active, phase: 'promoting', lease: { held: true, term: 4 } })), [])
  })

  test('a full disk is named wherever an agent tells of it', () => {
    const texts: ReadonlyArray<Parameters<typeof report>[1]> = [
      { problems: [{ code: 'other', message: 'ENOSPC: no space left on device, write', server: null }] },
      { servers: [serverReport({ health: 'down', reason: 'No space left on device' })] }
    ]
    for (const changes of texts) assert.ok(names(withN2(changes)).includes('diskFull n2'))
    assert.ok(!names(withN2({ problems: [{ code: 'other', message: 'EIO: i/o error', server: null }] })).includes('diskFull n2'))
  })
})

describe('copies and replication', () => {
  test('a copy that is cut off is incomplete; one that is being made is not', () => {
    const cut = [serverReport({ complete: false, incompleteReason: 'a resync was cut off', replication: 'connecting' })]
    const one = withN2({ servers: cut, following: null })
    // the leader has ordered it to follow: it is copying
    assert.deepEqual(names(one), [])
    one.endOrder('follow', 1_550, { ok: false, reason: 'schemas differ' })
    assert.deepEqual(names(one), ['replicationBroken n2', 'incompleteCopy n2'])
    assert.match(found(one, 1_600)[0]?.evidence.at(-1)?.saw ?? '', /attempt 1 to follow failed: schemas differ/)
  })

  test('a backup that lost the active is broken, one that was not told to follow yet is not', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '', reason: '' } }, 1_500)
    one.reports([report('n2', { following: null, servers: [serverReport({ source: null, replication: 'none' })] }), report('n3', { servers: [serverReport({ replication: 'connecting' })] })], 1_550)
    assert.deepEqual(names(one), ['replicationBroken n3'])
  })

  test('nothing is said of replication while nobody serves: there is nobody to follow', () => {
    const one = leader()
    one.reports([report('n2', { servers: [serverReport({ replication: 'connecting' })] }), report('n3')], 1_500)
    assert.deepEqual(names(one).filter(name => name.startsWith('replicationBroken')), [])
  })

  test('a backup too far behind to take over lags; one just within the limit does not', () => {
    const lagging = (sequence: number) => {
      const one = leader()
      one.reports([activeReport('n1', { servers: [serverReport({ role: 'active', source: null, replication: 'none', position: position(4, 20) })] }), report('n2', { servers: [serverReport({ position: position(4, sequence) })] }), report('n3', { servers: [serverReport({ position: position(4, 20) })] })], 1_500)
      return names(one)
    }
    assert.deepEqual(lagging(17), [])
    assert.deepEqual(lagging(16), ['laggingBackup n2'])
  })
})

describe('the active and its right', () => {
  test('an active without its address has lost it; a backup has none to lose', () => {
    const one = serving()
    one.reports([activeReport('n1', { endpoints: [{ address: '10.0.0.100', held: false }] })], 1_550)
    assert.deepEqual(names(one), ['endpointLost n1'])
  })

  test('two leases that run are told, and an old report whose lease is over by now is not', () => {
    const one = serving()
    one.reports([activeReport('n2', { lease: { term: 5, remainingMs: 1_900 }, voter: { term: 5, holder: 'n2' } })], 1_600)
    assert.ok(names(one, 1_700).includes('severalActives'))
    one.reports([activeReport('n1', { lease: { remainingMs: 50 } })], 1_700)
    assert.ok(!names(one, 1_760).includes('severalActives'))
  })

  test('a term that nobody serves in is astray while it is cleared up', () => {
    const one = serving()
    one.reports([report('n2', { voter: { term: 5, holder: 'n2', granted: false, grants: [] } })], 1_550)
    assert.ok(names(one).includes('strayTerm'))
    one.reports([report('n2')], 1_580)
    assert.ok(!names(one).includes('strayTerm'))
  })

  test('a hold that leaves clients without service names its own page; one that passes by itself is none', () => {
    const one = serving()
    one.reports([releasedReport('n1')], 1_550)
    one.reports([releasedReport('n1')].map((told): Report => told), 1_560)
    const holding = leader()
    holding.reports([report('n2', { servers: [serverReport({ complete: false, incompleteReason: 'cut' })] }), report('n3', { servers: [serverReport({ complete: false, incompleteReason: 'cut' })] })], 1_500)
    holding.reports([report('n2', { servers: [serverReport({ complete: false, incompleteReason: 'cut' })], voter: { grants: [] } }), report('n3', { servers: [serverReport({ complete: false, incompleteReason: 'cut' })], voter: { grants: [] } })], 9_000)
    holding.send({ type: 'woke' }, 9_001)
    assert.equal(holding.state().hold?.code, 'waitingForNodes')
    assert.equal(found(holding, 9_001).find(({ name }) => name === 'clusterHolds')?.runbook, 'waiting-for-nodes.md')
    const starting = leader()
    starting.reports([report('n2')], 500)
    assert.equal(starting.state().hold?.code, 'starting')
    assert.deepEqual(names(starting, 500), [])
  })
})

describe('what agents and fence devices say of themselves', () => {
  for (const [code, name] of [['guard', 'guardMissing'], ['renewal', 'guardMissing'], ['weakGuard', 'guardMissing'], ['cannotVote', 'cannotVote'], ['stateNotStored', 'cannotVote'], ['heartbeat', 'heartbeatFails'], ['duplicateAddress', 'duplicateAddress'], ['announce', 'endpointImpaired'], ['announcer', 'endpointImpaired'], ['endpointUnseen', 'endpointImpaired'], ['watchdog', 'watchdogFails'], ['rescuesUnreadable', 'rescuesUnreadable']] as const) {
    test(`problem ${code} is ${name}`, () => {
      const one = withN2({ problems: [{ code, message: 'it is so', server: null }] })
      assert.deepEqual(found(one, 1_600).map(({ name, node, evidence }) => [name, node, evidence]), [[name, 'n2', [{ by: 'n2', saw: 'it is so', atMs: 1_500 }]]])
    })
  }

  test('two problems of one kind are one diagnosis with both as evidence', () => {
    const one = withN2({ problems: [{ code: 'guard', message: 'a', server: null }, { code: 'renewal', message: 'b', server: null }] })
    assert.deepEqual(found(one, 1_600).map(({ name, evidence }) => [name, evidence.length]), [['guardMissing', 2]])
  })

  test('a fence device that does not answer is told until it does', () => {
    const one = serving()
    one.send({ type: 'fenceDeviceSeen', node: 'n2', problem: 'timed out' }, 1_550)
    assert.deepEqual(names(one), ['fenceDeviceFails n2'])
    one.send({ type: 'fenceDeviceSeen', node: 'n2', problem: null }, 1_560)
    assert.deepEqual(names(one), [])
  })
})

describe('runbooks', () => {
  const directory = path.resolve(import.meta.dirname, '../../../../docs/runbooks')
  /** Events of the history that are nothing wrong now, and ask for something all the same. */
  const ofEvents = ['failover-counted.md', 'quorum-lost.md', 'schedules.md', 'snapshots.md', 'upgrade.md']
  const ofDecisions = [...ofEvents, ...Object.values(DIAGNOSIS_PAGES), ...Object.values(HOLDS).map(({ page }) => page)]

  test('every diagnosis, hold and alert names a page that exists, and every page is named by one', async () => {
    const rules = await readFile(path.join(directory, '../../deploy/prometheus/ovsdb-ha.rules.yaml'), 'utf8')
    const ofAlerts = [...rules.matchAll(/runbooks\/([a-z-]+\.md)/g)].flatMap(([, page]) => page ?? [])
    assert.deepEqual((await readdir(directory)).toSorted(), [...new Set([...ofDecisions, ...ofAlerts])].toSorted())
  })

  test('the list of runbooks has every diagnosis with its page', async () => {
    const rows = (await readFile(path.join(directory, 'README.md'), 'utf8')).split('\n')
    const missing = DIAGNOSIS_NAMES.filter(name => !rows.some(row => row.includes(`\`${name}\``) && (name === 'clusterHolds' || row.includes(`(${DIAGNOSIS_PAGES[name]})`))))
    assert.deepEqual(missing, [])
  })
})
