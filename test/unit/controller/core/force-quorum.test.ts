import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClusterAction } from '../../../../controller/core/actions.ts'
import { UNKNOWN_HOLDER } from '../../../../protocol/vote.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { activeReport, coreConfig, memberConfig, position, report, serverReport, witnessReport } from '../../../fixtures.ts'
import { find, leader, type LeaderHarness } from './leader-harness.ts'

const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5']
const FIVE: VoterList = { generation: 3, names: NAMES }
const config = coreConfig({ members: NAMES.map(name => memberConfig(name, { witness: name === 'n5' })) })

/** Of five voters n2 and n5 are left; n1 served in term 4. */
function left (): LeaderHarness {
  const one = leader(config)
  const voter = { voters: FIVE, grants: [] }
  one.reports([report('n2', { voter, servers: [serverReport()] }), witnessReport('n5', { voter })], 1_500)
  return one
}

function force (one: LeaderHarness, names: readonly string[], nowMs = 1_600): readonly ClusterAction[] {
  return one.send({ type: 'quorumForceAsked', commandId: 7, names, actor: 'ann', reason: 'fire in room 1' }, nowMs)
}

function ordersOf (actions: readonly ClusterAction[]) {
  return actions.flatMap(action => action.type === 'order' && action.order.type === 'forceVoters' ? [{ tag: action.tag, node: action.node, order: action.order }] : [])
}

const FORCED: VoterList = { generation: 1_004, names: ['n2', 'n5'] }
/** What a voter tells that took it. */
const TAKEN = { voters: FORCED, grants: [], term: 1_004, holder: null, granted: false, previous: { holder: UNKNOWN_HOLDER, term: 1_004 } }

describe('a quorum that is forced (S11)', () => {
  test('each of those that are left is ordered to take the list, and the history says who did it and why', () => {
    const actions = force(left(), ['n5', 'n2'])
    assert.deepEqual(ordersOf(actions).map(({ node }) => node), ['n2', 'n5'])
    for (const { order } of ordersOf(actions)) assert.deepEqual([order.term, order.voters], [1_004, FORCED])
    const told = find(actions, 'record')
    assert.equal(told?.severity, 'critical')
    assert.match(told.message, /^ann forces n2, n5 to vote, and declares lost for good whatever other voters promised: fire in room 1\./)
  })

  test('is done when all of them took it; then nobody is promoted but by an operator: who served last is lost (S6)', () => {
    const one = left()
    const [first, second] = ordersOf(force(one, ['n2', 'n5']))
    const end = (tag = 0, nowMs = 0) => one.send({ type: 'orderEnded', tag, reply: { ok: true, reason: null, steps: [] }, error: null }, nowMs)
    assert.equal(find(end(first?.tag, 1_610), 'commandDone'), undefined)
    assert.equal(find(end(second?.tag, 1_611), 'commandDone')?.commandId, 7)
    for (let atMs = 3_000; atMs <= 20_000; atMs += 250) one.reports([report('n2', { voter: TAKEN }), witnessReport('n5', { voter: TAKEN })], atMs)
    assert.equal(one.state().hold?.code, 'noCandidate')
    assert.match(one.state().hold?.message ?? '', /n2 ends in term 4, and who served last is lost with the voters before/)
    assert.equal(one.count('askTerm'), 0)
    one.send({ type: 'failoverAsked', commandId: 8, to: null, force: true, actor: 'ann', reason: '' }, 20_010)
    assert.deepEqual([one.operation().to, one.latest('askTerm').request.term, one.latest('askTerm').request.voters], ['n2', 1_005, FORCED])
    assert.match(one.operation().why, /forced, and this is lost: n2 ends in term 4/)
  })

  test('takes a term beyond every trace of one: of voters, of this controller, and in the data (S1)', () => {
    const one = left()
    one.reports([report('n2', { voter: { voters: FIVE, grants: [] }, servers: [serverReport({ position: position(17, 3) })] })], 1_550)
    const [first] = ordersOf(force(one, ['n2', 'n5']))
    assert.deepEqual([first?.order.term, first?.order.voters.generation], [1_017, 1_017])
  })

  test('a node whose file is damaged, and one without a vote, can be named as long as they report', () => {
    const one = left()
    one.reports([report('n3', { voter: { problem: 'voter.json is corrupt', voters: null, grants: [] } })], 1_550)
    assert.deepEqual(ordersOf(force(one, ['n2', 'n3', 'n5'])).map(({ node }) => node), ['n2', 'n3', 'n5'])
  })

  test('that one of them did not take is told, by name', () => {
    const one = left()
    const [first, second] = ordersOf(force(one, ['n2', 'n5']))
    one.send({ type: 'orderEnded', tag: first?.tag ?? 0, reply: null, error: 'no answer' }, 1_610)
    const actions = one.send({ type: 'orderEnded', tag: second?.tag ?? 0, reply: { ok: true, reason: null, steps: [] }, error: null }, 1_611)
    assert.match(JSON.stringify(find(actions, 'refuseCommand')?.refusal), /votersFailed.*not taken by n2: no answer/)
  })
})

describe('it is refused', () => {
  const refused = (why: RegExp, one: LeaderHarness, names: readonly string[]) => {
    const actions = force(one, names)
    assert.match(JSON.stringify(find(actions, 'refuseCommand')?.refusal), why)
    assert.deepEqual(ordersOf(actions), [])
  }

  test('while a majority of the voters answers', () => {
    const one = left()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '', reason: '' } }, 1_580)
    one.reports([report('n3', { voter: { voters: FIVE, grants: [] } })], 1_590)
    refused(/a majority of the voters can vote \(n2, n3, n5\)/, one, ['n2'])
  })

  test('while anybody serves', () => {
    const one = leader(config)
    one.reports([activeReport('n1', { voter: { voters: FIVE } }), report('n2', { voter: { voters: FIVE } })], 1_500)
    refused(/n1 serves: somebody still grants its lease/, one, ['n1', 'n2'])
  })

  test('for a node that does not answer, and for a name that is there twice', () => {
    refused(/n3 does not report; those that do are n2, n5/, left(), ['n2', 'n3'])
    refused(/a name is there twice/, left(), ['n2', 'n2'])
  })

  test('by whoever does not lead, and while it is under way', () => {
    const one = left()
    force(one, ['n2', 'n5'])
    refused(/operationRuns/, one, ['n2'])
    const follower = left()
    follower.send({ type: 'leadership', leading: false }, 1_590)
    refused(/notLeading/, follower, ['n2'])
  })
})
