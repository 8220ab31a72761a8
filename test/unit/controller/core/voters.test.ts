import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { candidates } from '../../../../controller/core/candidate.ts'
import { diagnose } from '../../../../controller/core/diagnoses.ts'
import { viewCluster } from '../../../../controller/core/view.ts'
import { voterList } from '../../../../controller/core/voters.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { activeReport, coreConfig, memberConfig, report } from '../../../fixtures.ts'
import { find, leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const FOUR: VoterList = { generation: 2, names: ['n1', 'n2', 'n3', 'n4'] }
/** A file that names four nodes, three of which vote. */
const fourInFile = coreConfig({ members: ['n1', 'n2', 'n3', 'n4'].map(name => memberConfig(name)) })

describe('the list that counts (S11)', () => {
  test('is the newest that any voter told, also one that is not heard any more', () => {
    const one = leader()
    one.reports([report('n1'), report('n2', { voter: { voters: FOUR } })], 1_500)
    one.send({ type: 'lost', node: 'n2', why: 'reset' }, 1_600)
    assert.deepEqual(voterList(one.config, one.state()), FOUR)
  })

  test('is the newest also when a voter was added and removed again, and the names are those of before', () => {
    const one = leader()
    const again: VoterList = { generation: 3, names: ['n1', 'n2', 'n3'] }
    one.reports([report('n1'), report('n2', { voter: { voters: again } })], 1_500)
    assert.equal(voterList(one.config, one.state()).generation, 3)
  })

  test('is the file\'s only as long as nobody told one', () => {
    const one = leader(fourInFile)
    assert.deepEqual(voterList(one.config, one.state()).names, ['n1', 'n2', 'n3', 'n4'])
    one.reports([report('n1')], 1_500)
    assert.deepEqual(voterList(one.config, one.state()).names, ['n1', 'n2', 'n3'])
  })

  test('of two with the same generation it is the one that more of them stored', () => {
    const one = leader()
    one.reports([report('n1', { voter: { voters: { generation: 1, names: ['n1', 'n2'] } } }), report('n2'), report('n3')], 1_500)
    assert.deepEqual(voterList(one.config, one.state()).names, ['n1', 'n2', 'n3'])
  })
})

describe('majorities (S11)', () => {
  test('a term is asked of all members, names the list, and is not taken with the yes of a node that is only in the file', () => {
    const one = failingOver(fourInFile)
    assert.deepEqual(one.latest('askTerm').voters, ['n1', 'n2', 'n3', 'n4'], 'who has no vote lets go of a source that is to serve anew (S7)')
    assert.deepEqual(one.latest('askTerm').request.voters, { generation: 1, names: ['n1', 'n2', 'n3'] })
    one.accept('n4', 1_610)
    one.accept('n2', 1_611)
    assert.equal(one.operation().stage.type, 'takingTerm')
    one.accept('n3', 1_612)
    assert.equal(one.operation().stage.type, 'promoting')
  })

  test('the refusal of a node that is only in the file ends nothing', () => {
    const one = failingOver(fourInFile)
    one.accept('n2', 1_610)
    one.refuse('n4', 1_611, 'olderTerm', 9)
    one.refuse('n1', 1_612, 'cannotVote')
    one.accept('n3', 1_613)
    assert.deepEqual([one.operation().stage.type, one.operation().term], ['promoting', 5])
  })

  test('more voters than the file has need a majority of their own number', () => {
    const one = serving()
    const five: VoterList = { generation: 7, names: ['n1', 'n2', 'n3', 'n4', 'n5'] }
    const voter = { voters: five }
    one.reports([report('n2', { voter }), report('n3', { voter }), { ...releasedReport(), voter: { ...releasedReport().voter, voters: five } }], 1_600)
    one.accept('n2', 1_610)
    one.accept('n3', 1_611)
    assert.equal(one.operation().stage.type, 'takingTerm', 'two of five are no majority')
    one.accept('n1', 1_612)
    assert.equal(one.operation().stage.type, 'promoting')
  })

  test('voters that know another list end the attempt, and both lists are named', () => {
    const one = failingOver()
    for (const voter of ['n2', 'n3']) one.send({ type: 'termAnswered', operation: one.operation().id, term: 5, voter, reply: { ok: false, refusal: 'olderVoters', term: 4, holder: 'n1', remainingMs: 0, voters: FOUR } }, 1_610)
    assert.match(one.state().lastEnded?.detail ?? '', /generation 2: n1, n2, n3, n4.*generation 1: n1, n2, n3/)
  })

  test('a data node that does not vote is no candidate, whatever its data', () => {
    const one = leader(fourInFile)
    one.reports([activeReport('n1'), report('n2'), report('n3'), report('n4')], 1_500)
    const { eligible, refused } = candidates(one.config, one.state(), [], 1_500)
    assert.deepEqual(eligible.map(({ node }) => node), ['n2', 'n3'])
    assert.equal(refused.find(({ node }) => node === 'n4')?.code, 'noVoter')
  })

  test('whether a failover is possible is told by the voters, not by the file', () => {
    const one = leader(fourInFile)
    const two: VoterList = { generation: 1, names: ['n1', 'n2'] }
    one.reports(['n1', 'n2', 'n3', 'n4'].map(name => (name === 'n1' ? activeReport : report)(name, { voter: { voters: two } })), 1_500)
    assert.match(viewCluster(one.config, one.state(), 1_500, String).automaticFailover.why, /^2 voters cannot lose one/)
  })
})

describe('nodes with other files (S11)', () => {
  const config = { ...coreConfig(), configDigest: 'digest' }

  test('those that are fewer are named, in status and once in the history, and again when it is over', () => {
    const one = serving(config)
    const actions = one.send({ type: 'reported', report: report('n3', { configDigest: 'other' }) }, 1_600)
    const told = find(actions, 'record')
    assert.equal(told?.kind, 'configDiffers')
    assert.match(told?.message ?? '', /^cluster\.yaml differs: n3 has another one than n1, n2 and the controller\./)
    assert.equal(viewCluster(config, one.state(), 1_600, String).configDiffers, told?.message)
    assert.deepEqual(diagnose(config, one.state(), 1_600).map(({ name, node }) => [name, node]), [['configDiffers', null]])
    assert.equal(find(one.send({ type: 'reported', report: report('n3', { configDigest: 'other' }) }, 1_650), 'record'), undefined)
    assert.equal(find(one.send({ type: 'reported', report: report('n3') }, 1_700), 'record')?.kind, 'configAgrees')
    assert.equal(viewCluster(config, one.state(), 1_700, String).configDiffers, null)
  })

  test('the controller\'s own may be the other one', () => {
    const one = serving({ ...config, configDigest: 'mine' })
    assert.match(viewCluster(one.config, one.state(), 1_500, String).configDiffers ?? '', /the controller has another one than n1, n2 and n3\./)
  })

  test('a voter that stored other names in the same generation is named with both lists', () => {
    const one = serving(config)
    one.send({ type: 'reported', report: report('n3', { voter: { voters: { generation: 1, names: ['n3'] } } }) }, 1_600)
    assert.match(viewCluster(config, one.state(), 1_600, String).configDiffers ?? '', /n3 has stored other voters \(n3\) than the others \(n1, n2, n3\) in generation 1/)
  })
})

/** n1 served and gave its term back: a term for n2 is being taken. */
function failingOver (config = coreConfig()): LeaderHarness {
  const one = serving(config)
  one.reports([releasedReport()], 1_600)
  return one
}
