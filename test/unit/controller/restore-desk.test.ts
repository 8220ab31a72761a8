import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestoreDesk, type RestoreDeskOptions } from '../../../controller/restore-desk.ts'
import type { ClusterView } from '../../../protocol/api.ts'
import { OvsdbHaError } from '../../../protocol/errors.ts'
import type { RestorePlan } from '../../../protocol/restore.ts'
import { clusterConfig, serverConfig } from '../../fixtures.ts'
import { calmView } from './core/schedule-harness.ts'
import { snapshotOf } from './snapshot-views.ts'
import { verificationOf } from './verification-views.ts'

const ID = '20260102-033000-n2'
const BEFORE = '20260103-033000-n1'
const OPERATIONS = [{ op: 'delete' }, { op: 'insert' }, { op: 'commit' }]
const TABLES = [{ table: 'ACL', comingRows: 1, changedRows: 0, vanishingRows: 1 }]
const SAME: RestorePlan = { problem: null, tables: [], operations: [] }
const refusedWith = (code: string) => (error: unknown) => error instanceof OvsdbHaError && error.code === code && error.hint !== ''

interface Given {
  /** server -> what its plans are, one after the other; the last one stays. */
  readonly plans?: Readonly<Record<string, readonly RestorePlan[]>>
  readonly replays?: ReadonlyArray<'ok' | 'refused' | Error>
  readonly problems?: readonly string[]
  readonly view?: Partial<ClusterView>
}

function desk ({ plans = {}, replays = [], problems = [], view = {} }: Given = {}) {
  const told: string[] = []
  const asked: unknown[] = []
  const left = new Map(['nb', 'sb'].map(server => [server, [...plans[server] ?? [{ problem: null, tables: TABLES, operations: OPERATIONS }]]]))
  const outcomes = [...replays]
  const options: RestoreDeskOptions = {
    cluster: clusterConfig({ servers: [serverConfig('nb'), serverConfig('sb')] }),
    host: { name: 'ovn', view: () => ({ ...calmView({ term: 4, ...view }), controller: { name: 'ctl', leads: true, leader: null } }), tell: (kind, severity, node, message) => { told.push(`${kind} ${severity} ${node}: ${message}`) } },
    snapshots: {
      take: async () => snapshotOf('n1', BEFORE),
      async takeFrom (...call) { asked.push(['take', ...call]); return snapshotOf('n1', BEFORE) },
      list: async () => ({ snapshots: [], problems: [] }),
      verify: async id => ({ snapshot: snapshotOf('n2', id), problems: [...problems] })
    },
    verifier: { begin: () => verificationOf(), run: async () => { asked.push('verify'); return verificationOf() }, show: () => verificationOf(), list: () => [] },
    links: [{
      node: 'n2',
      async planRestore (id, { server, active, withOperations }) {
        asked.push(['plan', id, server, active, withOperations])
        const mine = left.get(server)!
        return mine.length > 1 ? mine.shift()! : mine[0]!
      }
    }],
    replayLinks: [{
      node: 'n1',
      async replay ({ server, term, snapshot, replayedRows, by }) {
        asked.push(['replay', server, term, snapshot, replayedRows, by])
        const next = outcomes.shift() ?? 'ok'
        if (next instanceof Error) throw next
        return next === 'ok' ? { ok: true, reason: null, operationIndex: -1 } : { ok: false, reason: 'referential integrity', operationIndex: -1 }
      }
    }],
    metrics: { restored: (_cluster, ok) => { asked.push(['counted', ok]) } }
  }
  return { ...createRestoreDesk(options), told, asked }
}

test('a dry run tells what would be overwritten, and neither takes a snapshot nor writes', async () => {
  const one = desk()
  const reply = await one.restore(ID, { dryRun: true }, 'ann')
  assert.deepEqual([reply.dryRun, reply.before, reply.databases.map(({ server, state, tables }) => [server, state, tables])], [true, null, [['nb', 'planned', TABLES], ['sb', 'planned', TABLES]]])
  assert.deepEqual(one.asked, [['plan', ID, 'nb', 'n1', false], ['plan', ID, 'sb', 'n1', false]])
  assert.deepEqual(one.told, [])
})

test('what is there is kept first, then each database is one transaction in the term that was meant, then the backups are compared', async () => {
  const one = desk()
  const reply = await one.restore(ID, { confirm: 'ovn', reason: 'somebody deleted it' }, 'ann')
  assert.deepEqual([reply.before, reply.backups, reply.databases.map(({ state }) => state)], [BEFORE, 'same', ['restored', 'restored']])
  assert.deepEqual(one.asked.slice(2), [
    ['take', 'n1', 'active', 'ann', `before the restore of ${ID}`, ID],
    ['plan', ID, 'nb', 'n1', true], ['replay', 'nb', 4, true, 2, 'ann'], ['plan', ID, 'sb', 'n1', true], ['replay', 'sb', 4, true, 2, 'ann'], ['counted', true], 'verify'
  ])
  assert.deepEqual(one.told.map(text => text.split(':')[0]), ['restoreBegan warning n1', 'restoreEnded warning n1'])
  assert.match(one.told[1] ?? '', /2 rows come back, 0 change, 2 vanish; the backups: same\. To undo it, restore 20260103-033000-n1$/)
})

test('a database that is as in the snapshot is left alone; when all are, nothing is done at all', async () => {
  const half = desk({ plans: { nb: [SAME] } })
  assert.deepEqual((await half.restore(ID, { confirm: 'ovn' }, 'ann')).databases.map(({ state }) => state), ['same', 'restored'])
  const none = desk({ plans: { nb: [SAME], sb: [SAME] } })
  assert.deepEqual((await none.restore(ID, { confirm: 'ovn' }, 'ann')).before, null)
  assert.deepEqual([none.told, none.asked.length], [[], 2])
})

test('what the active refuses since clients wrote meanwhile is planned anew, a few times', async () => {
  const one = desk({ replays: ['refused', 'refused', 'ok', 'ok'] })
  assert.deepEqual((await one.restore(ID, { confirm: 'ovn' }, 'ann')).databases.map(({ state }) => state), ['restored', 'restored'])
  assert.equal(one.asked.filter(call => Array.isArray(call) && call[0] === 'plan' && call[4] === true).length, 4)
})

test('a restore that breaks in the middle says where, leaves the rest, and goes on when it is asked again', async () => {
  const one = desk({ replays: ['ok', new Error('the agent died')] })
  const reply = await one.restore(ID, { confirm: 'ovn' }, 'ann')
  assert.deepEqual([reply.databases.map(({ state, problem }) => [state, problem]), reply.before, reply.backups], [[['restored', null], ['failed', 'the agent died']], BEFORE, null])
  assert.match(one.told.at(-1) ?? '', /^restoreFailed critical n1: .* stopped at sb: the agent died\. Restore it again to go on .*, or 20260103-033000-n1 to undo it$/)
  assert.ok(one.asked.some(call => JSON.stringify(call) === '["counted",false]'))
  const first = desk({ replays: ['refused', 'refused', 'refused', 'refused'] })
  assert.deepEqual((await first.restore(ID, { confirm: 'ovn' }, 'ann')).databases.map(({ state }) => state), ['failed', 'left'])
  const again = desk({ plans: { nb: [SAME] } })
  assert.deepEqual((await again.restore(ID, { confirm: 'ovn' }, 'ann')).databases.map(({ state }) => state), ['same', 'restored'])
})

test('a damaged snapshot, one of another schema, and a cluster that nobody serves are refused before anything is done', async () => {
  const refused = async (given: Given) => {
    const one = desk(given)
    await assert.rejects(one.restore(ID, { confirm: 'ovn' }, 'ann'), refusedWith('OVSDB_HA_NOT_RESTORABLE'))
    assert.ok(!one.asked.some(call => Array.isArray(call) && (call[0] === 'take' || call[0] === 'replay')))
  }
  await refused({ problems: ['nb: its digest differs'] })
  await refused({ plans: { sb: [{ ...SAME, problem: 'the snapshot is of another schema' }] } })
  await refused({ view: { active: null } })
})

test('two at once are refused', async () => {
  const one = desk()
  const first = one.restore(ID, { dryRun: true }, 'ann')
  await assert.rejects(one.restore(ID, { dryRun: true }, 'bob'), refusedWith('OVSDB_HA_RESTORE_RUNS'))
  await first
})
