import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RescueLink } from '../../../controller/link/agent-link.ts'
import { createRescueDesk } from '../../../controller/rescue-desk.ts'
import { RemoteError } from '../../../protocol/remote-error.ts'
import type { ReplayPlan, ReplayReply } from '../../../protocol/rescue-replay.ts'
import { clusterConfig } from '../../fixtures.ts'
import { replayPlan, RESCUE, rescueDiff, rescueView } from './rescue-views.ts'

function setUp ({ active = 'n2', plan = replayPlan(), reply = { ok: true, reason: null, operationIndex: -1 }, mute = [], failing = new Map() }: { active?: string | null, plan?: ReplayPlan, reply?: ReplayReply, mute?: readonly string[], failing?: ReadonlyMap<string, Error> } = {}) {
  const asked: unknown[] = []
  const link = (node: string): RescueLink => {
    const answer = async <T>(what: string, body: unknown, value: T): Promise<T> => {
      if (mute.includes(node)) throw new Error(`${node} is silent`)
      asked.push([node, what, body])
      const failure = failing.get(what)
      if (failure !== undefined) throw failure
      return value
    }
    return {
      node,
      stop: async () => {},
      list: () => answer('list', null, { rescues: node === 'n1' ? [rescueView()] : [], freeBytes: 1 }),
      show: id => answer('show', id, rescueView()),
      acknowledge: (_id, actor) => answer('acknowledge', actor, rescueView()),
      remove: (_id, actor) => answer('remove', actor, rescueView()),
      diff: (_id, request) => answer('diff', request, rescueDiff()),
      plan: (_id, request) => answer('plan', request, plan),
      applied: (_id, done) => answer('applied', done, rescueView()),
      replay: request => answer('replay', request, reply),
      compareCopies: source => answer('compareCopies', source, { source, databases: [{ server: 'nb', database: 'OVN_Northbound', problem: null, tables: [{ table: 'ACL', missingRows: 2, changedRows: 0, extraRows: 1 }] }] })
    }
  }
  return { asked, desk: createRescueDesk({ cluster: clusterConfig(), links: ['n1', 'n2', 'n3'].map(link), view: () => ({ active, term: 7 }) }) }
}

describe('rescues, as a controller has agents look after them (S7)', () => {
  test('the list is of all nodes, and names those that did not answer', async () => {
    const { desk } = setUp({ mute: ['n3'] })
    const { nodes } = await desk.list()
    assert.deepEqual(nodes.map(({ node, problem, rescues }) => [node, problem, rescues.length]), [['n1', null, 1], ['n2', null, 0], ['n3', 'n3 is silent', 0]])
  })

  test('the node that keeps a rescue is asked, in the name of the operator, and told with whom to compare', async () => {
    const { desk, asked } = setUp()
    await desk.acknowledge(RESCUE, {}, 'ann')
    await desk.remove(RESCUE, { force: true, reason: 'seen' }, 'ann')
    await desk.diff(RESCUE, { table: 'ACL' })
    assert.deepEqual(asked, [
      ['n1', 'acknowledge', { by: 'ann', reason: '' }],
      ['n1', 'remove', { by: 'ann', reason: 'seen', force: true }],
      ['n1', 'diff', { table: 'ACL', active: 'n2' }]
    ])
    await assert.rejects(desk.show('n9-0123abcd'), { code: 'OVSDB_HA_RESCUE_KEEPER_UNKNOWN', httpStatus: 404 })
  })

  test('rows are planned where the rescue is, written where the active is under its term, and noted', async () => {
    const { desk, asked } = setUp()
    const reply = await desk.apply(RESCUE, { tables: ['Logical_Switch'], reason: 'lost' }, 'ann')
    assert.equal(reply.applied, true)
    const { operations } = replayPlan()
    assert.deepEqual(asked, [
      ['n1', 'plan', { active: 'n2', choice: { tables: ['Logical_Switch'] } }],
      ['n2', 'replay', { by: 'ann', reason: 'lost', term: 7, rescue: RESCUE, server: 'nb', operations, replayedRows: 1 }],
      ['n1', 'applied', { by: 'ann', reason: 'lost', appliedRows: 1 }]
    ])
  })

  test('with a conflict, without a row, and when it is only asked what would be done, nothing is written', async () => {
    const conflict = { table: 'ACL', uuid: 'u', label: null, reason: 'taken' }
    for (const [plan, body] of [[replayPlan({ conflicts: [conflict] }), { all: true }], [replayPlan({ rows: [] }), { all: true }], [replayPlan(), { all: true, dryRun: true }]] as const) {
      const { desk, asked } = setUp({ plan })
      assert.deepEqual(await desk.apply(RESCUE, body, 'ann'), { applied: false, plan })
      assert.deepEqual(asked.length, 1)
    }
  })

  test('what the active refuses is told at its row: a precondition that does not hold, or the words of the server', async () => {
    for (const [operationIndex, label, reason] of [[0, 'ls1', /changed it since/], [1, 'ls1', /the server said so/], [-1, null, /the server said so/]] as const) {
      const { desk, asked } = setUp({ reply: { ok: false, reason: 'the server said so', operationIndex } })
      const { applied, plan } = await desk.apply(RESCUE, { all: true }, 'ann')
      assert.deepEqual([applied, plan.conflicts.length, plan.conflicts[0]?.label], [false, 1, label])
      assert.match(plan.conflicts[0]?.reason ?? '', reason)
      assert.equal(asked.some(call => Array.isArray(call) && call[1] === 'applied'), false)
    }
  })

  test('what may have been written is told as uncertain, what the agent refused is not, and a note that fails undoes nothing', async () => {
    const body = { code: 'OVSDB_HA_NOT_THE_ACTIVE', message: 'it does not serve', hint: 'look' }
    const refused = new RemoteError('OVSDB_HA_NOT_THE_ACTIVE', 409, body, {})
    await assert.rejects(setUp({ failing: new Map([['replay', refused]]) }).desk.apply(RESCUE, { all: true }, 'ann'), { code: 'OVSDB_HA_NOT_THE_ACTIVE' })
    await assert.rejects(setUp({ failing: new Map([['replay', new Error('no answer')]]) }).desk.apply(RESCUE, { all: true }, 'ann'), { code: 'OVSDB_HA_REPLAY_UNCERTAIN' })
    const { applied, plan } = await setUp({ failing: new Map([['applied', new Error('disk full')]]) }).desk.apply(RESCUE, { all: true }, 'ann')
    assert.deepEqual([applied, plan.notes], [true, ['n1 did not note it: disk full']])
  })

  test('before a node is forced it compares its copy with those of the other data nodes, one after the other; nobody has to serve for that', async () => {
    const { desk, asked } = setUp({ active: null })
    const { to, sources } = await desk.compareCopies('n2')
    assert.deepEqual([to, sources.map(({ source, databases }) => [source, databases[0]?.tables[0]?.missingRows])], ['n2', [['n1', 2], ['n3', 2]]])
    assert.deepEqual(asked, [['n2', 'compareCopies', 'n1'], ['n2', 'compareCopies', 'n3']])
    const failing = setUp({ mute: ['n2'] })
    assert.deepEqual((await failing.desk.compareCopies('n2')).sources, [{ source: 'n1', problem: 'n2 is silent', databases: [] }, { source: 'n3', problem: 'n2 is silent', databases: [] }])
    await assert.rejects(desk.compareCopies('w1'), { code: 'OVSDB_HA_UNKNOWN_NODE' })
  })

  test('nothing is compared nor written while nobody serves, and nothing is brought back that nobody chose', async () => {
    const { desk } = setUp({ active: null })
    await assert.rejects(desk.diff(RESCUE, {}), { code: 'OVSDB_HA_NOBODY_SERVES' })
    await assert.rejects(desk.apply(RESCUE, { all: true }, 'ann'), { code: 'OVSDB_HA_NOBODY_SERVES' })
    for (const nothing of [{}, { rows: [], tables: [] }, { all: false }]) await assert.rejects(setUp().desk.apply(RESCUE, nothing, 'ann'), { code: 'OVSDB_HA_NOTHING_CHOSEN' })
  })
})
