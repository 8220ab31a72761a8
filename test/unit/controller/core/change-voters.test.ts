import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClusterAction } from '../../../../controller/core/actions.ts'
import type { TermReply } from '../../../../protocol/vote.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { activeReport, coreConfig, memberConfig, report, VOTERS } from '../../../fixtures.ts'
import { find, leader, orderTo, releasedReport, type LeaderHarness } from './leader-harness.ts'

const FOUR: VoterList = { generation: 2, names: ['n1', 'n2', 'n3', 'n4'] }
const config = coreConfig({ members: ['n1', 'n2', 'n3', 'n4'].map(name => memberConfig(name)) })

/** n1 serves, n2 and n3 vote with it, n4 is in the file and does not vote. */
function serving (): LeaderHarness {
  const one = leader(config)
  one.reports([activeReport('n1'), report('n2'), report('n3'), report('n4')], 1_500)
  return one
}

function ask (one: LeaderHarness, change: 'add' | 'remove', node: string, nowMs = 1_600, commandId = 7): readonly ClusterAction[] {
  return one.send({ type: 'votersAsked', commandId, change, node, actor: 'ann', reason: 'new rack' }, nowMs)
}

function refusal (actions: readonly ClusterAction[]): unknown {
  return find(actions, 'refuseCommand')?.refusal
}

/** A voter answers what was asked for last; it has stored what was proposed. */
function answer (one: LeaderHarness, voter: string, nowMs: number, reply: TermReply | null = null): readonly ClusterAction[] {
  const { operation, request } = one.latest('askTerm')
  const { next } = request
  const stored = next === undefined ? {} : { next: { term: request.term, voters: next } }
  return one.send({ type: 'termAnswered', operation, term: request.term, voter, reply: reply ?? { ok: true, grants: [], ...stored } }, nowMs)
}

/** The term is accepted by n1 and n2, and the list is proposed. */
function proposed (one = serving()): LeaderHarness {
  ask(one, 'add', 'n4')
  answer(one, 'n1', 1_610)
  answer(one, 'n2', 1_611)
  return one
}

describe('one voter more (S11)', () => {
  test('a term for the active is asked of the present voters first, without the change', () => {
    const actions = ask(serving(), 'add', 'n4')
    const asked = find(actions, 'askTerm')
    assert.deepEqual(asked?.voters, ['n1', 'n2', 'n3'])
    assert.deepEqual(asked.request, { term: 5, holder: 'n1', controller: 'ctl-a', reason: 'voters', voters: VOTERS, leaveOut: [] })
    assert.equal(find(actions, 'record')?.kind, 'votersChangeBegan')
  })

  test('when a majority of them accepted it the list is proposed in that term, also to the one that joins', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    assert.equal(find(answer(one, 'n1', 1_610), 'askTerm'), undefined)
    const asked = find(answer(one, 'n2', 1_611), 'askTerm')
    assert.deepEqual(asked?.voters, ['n1', 'n2', 'n3', 'n4'])
    assert.deepEqual([asked.request.term, asked.request.next], [5, FOUR])
  })

  test('the active is told only when majorities of the present and of the next list have stored it', () => {
    const one = proposed()
    assert.equal(orderTo(answer(one, 'n1', 1_620), 'takeVoters'), undefined)
    assert.equal(orderTo(answer(one, 'n2', 1_621), 'takeVoters'), undefined, 'two of four are no majority of the next list')
    const order = orderTo(answer(one, 'n4', 1_622), 'takeVoters')
    assert.equal(order?.node, 'n1')
    assert.deepEqual(order.order, { type: 'takeVoters', term: 5, controller: 'ctl-a', deadlineMs: 2_000, voters: FOUR })
  })

  test('a majority of the next list alone is not enough', () => {
    const one = leader(coreConfig({ members: ['n1', 'n2', 'n3', 'n4'].map(name => memberConfig(name)) }))
    const voter = { voters: FOUR }
    const four = [activeReport('n1', { voter, lease: { votersGeneration: 2 } }), ...['n2', 'n3', 'n4'].map(name => report(name, { voter }))]
    one.reports(four, 1_500)
    ask(one, 'remove', 'n4')
    for (const name of ['n1', 'n2', 'n3']) answer(one, name, 1_610)
    answer(one, 'n1', 1_620)
    assert.equal(orderTo(answer(one, 'n2', 1_621), 'takeVoters'), undefined, 'two of three, and two of four')
    assert.notEqual(orderTo(answer(one, 'n3', 1_622), 'takeVoters'), undefined)
  })

  test('an answer to the first request that comes late is no yes to the list', () => {
    const one = proposed()
    for (const name of ['n1', 'n2', 'n3']) answer(one, name, 1_620, { ok: true, grants: [] })
    assert.equal(one.state().change?.stage, 'proposing')
  })

  test('it is done when a majority of the new list has granted the active its lease, and not before', () => {
    const one = proposed()
    for (const name of ['n1', 'n2', 'n4']) answer(one, name, 1_620)
    one.endOrder('takeVoters', 1_630)
    const voter = { voters: FOUR, term: 5 }
    const taken = activeReport('n1', { voter, lease: { term: 5 } })
    assert.equal(find(one.send({ type: 'reported', report: taken }, 1_640), 'commandDone'), undefined)
    const actions = one.send({ type: 'reported', report: { ...taken, lease: { ...taken.lease, votersGeneration: 2 } } }, 1_650)
    assert.equal(find(actions, 'commandDone')?.commandId, 7)
    assert.match(find(actions, 'record')?.message ?? '', /the voters are n1, n2, n3, n4 \(generation 2\); they were n1, n2, n3/)
    assert.equal(one.state().change, null)
  })
})

describe('what was begun before (S11)', () => {
  const begun = { term: 4, voters: { generation: 2, names: ['n1', 'n2'] } }

  test('is finished instead of what was asked for, and the operator is told to ask again', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    answer(one, 'n1', 1_610)
    const asked = find(answer(one, 'n2', 1_611, { ok: true, grants: [], next: begun }), 'askTerm')
    assert.deepEqual(asked?.request.next, begun.voters)
    for (const name of ['n1', 'n2', 'n3']) answer(one, name, 1_620)
    one.endOrder('takeVoters', 1_630)
    const actions = one.send({ type: 'reported', report: activeReport('n1', { voter: { voters: begun.voters, term: 5 }, lease: { term: 5, votersGeneration: 2 } }) }, 1_640)
    assert.match(JSON.stringify(refusal(actions)), /votersFailed.*an earlier change had been begun and was finished first/)
  })

  test('of two the newer one is: it may be the one that was accepted', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    answer(one, 'n1', 1_610, { ok: true, grants: [], next: { term: 3, voters: { generation: 2, names: ['n1', 'n3'] } } })
    assert.deepEqual(find(answer(one, 'n2', 1_611, { ok: true, grants: [], next: begun }), 'askTerm')?.request.next, begun.voters)
  })

  test('of a generation that is over already it is not', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    answer(one, 'n1', 1_610, { ok: true, grants: [], next: { term: 3, voters: VOTERS } })
    assert.deepEqual(find(answer(one, 'n2', 1_611), 'askTerm')?.request.next, FOUR)
  })
})

describe('a change that is refused (S11)', () => {
  const refused = (why: RegExp, one: LeaderHarness, change: 'add' | 'remove', node: string) => {
    const actions = ask(one, change, node)
    assert.match(JSON.stringify(refusal(actions)), why)
    assert.equal(find(actions, 'askTerm'), undefined)
    assert.equal(one.state().change, null)
  }

  test('a node that is not in the file, that votes already, or that does not', () => {
    refused(/unknownMember/, serving(), 'add', 'n9')
    refused(/n2 votes already/, serving(), 'add', 'n2')
    refused(/n4 does not vote/, serving(), 'remove', 'n4')
  })

  test('the node that serves', () => refused(/n1 serves: switch over/, serving(), 'remove', 'n1'))

  test('while nobody serves', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 1_590)
    refused(/noActive/, one, 'add', 'n4')
  })

  test('while the list before is not settled', () => {
    const one = serving()
    one.reports([activeReport('n1', { lease: { votersGeneration: 0 } })], 1_590)
    refused(/generation 1 of the voters is not settled/, one, 'add', 'n4')
  })

  test('a node that does not report, or cannot vote', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n4', why: 'reset' }, 1_590)
    refused(/n4 does not report/, one, 'add', 'n4')
    one.reports([report('n4', { voter: { problem: 'its file is corrupt', voters: null } })], 1_595)
    refused(/n4 cannot vote: its file is corrupt/, one, 'add', 'n4')
  })

  test('a new voter that some of the others may not know how to ask; a removal does not mind', () => {
    const one = leader({ ...config, configDigest: 'digest' })
    one.reports([activeReport('n1'), report('n2', { configDigest: 'old' }), report('n3'), report('n4')], 1_500)
    refused(/n2 has another cluster\.yaml than the controller: give all of them the one with n4 first/, one, 'add', 'n4')
    assert.notEqual(find(ask(one, 'remove', 'n3'), 'askTerm'), undefined)
  })

  test('a list whose majority does not answer: it would end the lease', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n3', why: 'reset' }, 1_590)
    one.send({ type: 'lost', node: 'n2', why: 'reset' }, 1_590)
    refused(/of the voters to be \(n1, n2\) only n1 answer/, one, 'remove', 'n3')
  })

  test('while another one, or a change of the active, is under way; and the other way round', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    assert.match(JSON.stringify(refusal(ask(one, 'remove', 'n3', 1_610, 8))), /operationRuns.*add n4 as a voter/)
    assert.match(JSON.stringify(refusal(one.send({ type: 'switchoverAsked', commandId: 9, to: null, actor: 'ann', reason: '' }, 1_611))), /operationRuns/)
    const other = serving()
    other.send({ type: 'switchoverAsked', commandId: 9, to: 'n2', actor: 'ann', reason: '' }, 1_550)
    assert.match(JSON.stringify(refusal(ask(other, 'add', 'n4'))), /operationRuns.*switchover/)
  })

  test('by whoever does not lead', () => {
    const one = serving()
    one.send({ type: 'leadership', leading: false }, 1_590)
    assert.deepEqual(refusal(ask(one, 'add', 'n4')), { kind: 'notLeading' })
  })
})

describe('a change that does not come to its end (S11)', () => {
  const no = { ok: false, refusal: 'olderTerm', term: 9, holder: 'n2', remainingMs: 0, voters: null } as const

  test('too few voters accept in time', () => {
    const one = serving()
    ask(one, 'add', 'n4')
    answer(one, 'n1', 1_610)
    answer(one, 'n2', 1_611, no)
    one.reports([activeReport('n1'), report('n2'), report('n3')], 2_400)
    one.reports([activeReport('n1'), report('n2'), report('n3')], 3_300)
    assert.equal(find(one.send({ type: 'woke' }, 3_600), 'refuseCommand'), undefined)
    const actions = one.send({ type: 'woke' }, 3_601)
    assert.match(JSON.stringify(refusal(actions)), /votersFailed.*too few voters accepted it in time \(n2: olderTerm\)/)
    assert.equal(find(actions, 'record')?.kind, 'votersChangeFailed')
  })

  test('the active ceases to serve: what comes next is not held up', () => {
    const one = proposed()
    const actions = one.reports([releasedReport()], 1_620)
    assert.match(JSON.stringify(refusal(actions)), /n1 does not serve any more/)
    assert.equal(one.state().change, null)
    assert.equal(one.operation().kind, 'failover')
  })

  test('the active refuses the list', () => {
    const one = proposed()
    for (const name of ['n1', 'n2', 'n4']) answer(one, name, 1_620)
    const { tag } = one.latestOrder('takeVoters')
    const actions = one.send({ type: 'orderEnded', tag, reply: null, error: 'n1 refuses' }, 1_630)
    assert.deepEqual(refusal(actions), { kind: 'votersFailed', why: 'n1 refuses' })
  })

  test('it dies with its leader, which asks again by nothing of its own', () => {
    const one = proposed()
    one.send({ type: 'leadership', leading: false }, 1_620)
    assert.equal(one.state().change, null)
  })
})

describe('a change where one of two serves without the other (S9, S11)', () => {
  const PAIR = { generation: 1, names: ['n1', 'n2'] }
  const alone = activeReport('n1', { lease: { without: 'n2', votersGeneration: 0 }, voter: { voters: PAIR } })

  test('proposes nothing before both have granted the active its lease in the term of the change', () => {
    const one = leader(coreConfig({ members: ['n1', 'n2', 'n3'].map(name => memberConfig(name)) }))
    one.reports([alone, report('n2', { voter: { voters: PAIR } }), report('n3', { voter: { voters: PAIR } })], 1_500)
    assert.equal(find(ask(one, 'add', 'n3'), 'askTerm')?.request.next, undefined)
    answer(one, 'n1', 1_610)
    assert.equal(find(answer(one, 'n2', 1_611), 'askTerm'), undefined)
    const both = one.reports([{ ...alone, sequence: 2, lease: { ...alone.lease, term: 5, without: null, votersGeneration: 1 } }], 1_700)
    assert.deepEqual(find(both, 'askTerm')?.request.next, { generation: 2, names: ['n1', 'n2', 'n3'] })
  })

  test('ends when they do not in time', () => {
    const one = leader(coreConfig({ members: ['n1', 'n2', 'n3'].map(name => memberConfig(name)) }))
    one.reports([alone, report('n2', { voter: { voters: PAIR } }), report('n3', { voter: { voters: PAIR } })], 1_500)
    ask(one, 'add', 'n3')
    answer(one, 'n1', 1_610)
    answer(one, 'n2', 1_611)
    one.reports([alone], 3_590)
    assert.deepEqual(refusal(one.send({ type: 'woke' }, 3_700)), { kind: 'votersFailed', why: 'n1 serves without n2, and both have not granted its lease in term 5 yet' })
  })
})
