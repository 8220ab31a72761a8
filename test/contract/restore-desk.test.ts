// A snapshot brought back on a real active by one transaction, while its backup replicates.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import type { Operation, OvsdbClient } from '../../agent/ovsdb/client.ts'
import { readPosition } from '../../agent/ovsdb/heartbeat.ts'
import { createRescueDesk } from '../../agent/ovsdb/rescue-desk.ts'
import { createRescues } from '../../agent/ovsdb/rescue.ts'
import { createRestoreDesk } from '../../agent/ovsdb/restore-desk.ts'
import { createSnapshotDesk } from '../../agent/ovsdb/snapshot-desk.ts'
import { clusterConfig, memberConfig, report, serverReport, timing } from '../fixtures.ts'
import { createTestNodes, TIMING, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal
const DATABASE = 'OVN_Northbound'
const TERM = 1
const PLAN = { server: 'nb', active: 'a', withOperations: true, deadlineMs: 60_000 }

const uuid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000000`
const ref = (id: string) => ['uuid', id]
const [LS, LSP, LS2, LSP2, LS3, LSP3] = ['1', '2', '3', '4', '5', '6'].map(uuid) as [string, string, string, string, string, string]

const withPort = (id: string, port: string, name: string): readonly Operation[] => [
  { op: 'insert', table: 'Logical_Switch', uuid: id, row: { name, ports: ref(port), external_ids: ['map', [['k', name]]] } },
  { op: 'insert', table: 'Logical_Switch_Port', uuid: port, row: { name: `${name}-port` } }
]
const remove = (id: string): Operation => ({ op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ref(id)]] })

async function content (client: OvsdbClient): Promise<string> {
  const results = await client.transact(DATABASE, ['Logical_Switch', 'Logical_Switch_Port'].map(table => ({ op: 'select', table, where: [], columns: ['_uuid', 'name', ...table === 'Logical_Switch' ? ['ports', 'external_ids'] : []] })))
  return results.map(({ rows = [] }) => rows.map(row => JSON.stringify(row)).toSorted().join('\n')).join('\n--\n')
}

function desksOf (one: TestNode, nodes: readonly TestNode[], phase: 'active' | 'backup') {
  const cluster = clusterConfig({
    name: 'test',
    members: nodes.map(({ name, address }) => ({ ...memberConfig(name), address })),
    servers: [one.config],
    snapshots: { directory: join(one.folder, 'snapshots'), maxSnapshots: 1, maxBytes: 1024 ** 3, hook: [], hookTimeoutMs: 5_000 },
    rescue: { directory: join(one.folder, 'rescue'), maxFiles: 4, maxBytes: 1024 ** 3, maxAgeMs: 3_600_000 },
    timing: timing({ commandTimeoutMs: TIMING.commandTimeoutMs })
  })
  const told: string[] = []
  const lease = { term: TERM, held: phase === 'active', remainingMs: 1_000, releasedTerm: 0, releasedServed: false, votersGeneration: 1, without: null }
  const seen = () => report(one.name, { phase, lease, servers: [serverReport()] })
  return {
    told,
    restores: createRestoreDesk(cluster, one.name),
    snapshots: createSnapshotDesk({ cluster: 'test', node: one.name, servers: [one.config], snapshots: cluster.snapshots, report: seen }),
    replays: createRescueDesk({ cluster, node: one.name, rescues: createRescues(cluster.rescue, { cluster: 'test', node: one.name }, () => {}), report: seen, onHappening: (kind, message) => { told.push(`${kind}: ${message}`) } })
  }
}

for (const version of VERSIONS) {
  describe(`snapshots restored, ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    /** b follows a and took a snapshot of a switch with a port, and of another one. */
    async function pair () {
      const [a, b] = [await active('a', TERM), await node('b')]
      const there = await a.client()
      await there.transact(DATABASE, [...withPort(LS, LSP, 'one'), ...withPort(LS2, LSP2, 'two')])
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const [keeper, serving] = [desksOf(b, [a, b], 'backup'), desksOf(a, [a, b], 'active')]
      const before = await content(there)
      const { snapshot } = await keeper.snapshots.take({ as: 'backup', actor: 'ann', reason: '', deadlineMs: 60_000 })
      const replay = async (operations: readonly { op: string }[]) => await serving.replays.replay({ by: 'ann', reason: '', term: TERM, rescue: snapshot.id, snapshot: true, server: 'nb', operations: [...operations], replayedRows: operations.length - 1 })
      return { a, b, there, keeper, serving, snapshot, before, replay }
    }

    test('rows that were deleted come back with their uuids and references, changed ones get their values, later ones vanish; the backup has it by replication and the position survives', async () => {
      const { b, there, keeper, serving, snapshot, before, replay } = await pair()
      await there.transact(DATABASE, [remove(LS), ...withPort(LS3, LSP3, 'three'), { op: 'update', table: 'Logical_Switch', where: [['_uuid', '==', ref(LS2)]], row: { name: 'renamed' } }])
      const position = await readPosition(there)
      assert.ok(position !== null)
      const plan = await keeper.restores.plan(snapshot.id, PLAN)
      assert.deepEqual([plan.problem, plan.tables], [null, [
        { table: 'Logical_Switch', comingRows: 1, changedRows: 1, vanishingRows: 1 },
        { table: 'Logical_Switch_Port', comingRows: 1, changedRows: 0, vanishingRows: 1 }
      ]])
      assert.deepEqual(await replay(plan.operations), { ok: true, reason: null, operationIndex: -1 })
      assert.equal(await content(there), before)
      assert.match(serving.told.join(), /^snapshotRestored: ann restored snapshot \S+ on nb: 5 rows$/)
      const own = await b.client()
      await until('the backup to have it', 5_000, async () => await content(own) === before)
      assert.deepEqual(await readPosition(there), position)
      assert.deepEqual(await keeper.restores.plan(snapshot.id, PLAN), { problem: null, tables: [], operations: [] }, 'asked again there is nothing to do')
      own.destroy()
      there.destroy()
    })

    test('a dry run has no transaction; the files beside the snapshot are gone afterwards; an unknown snapshot is refused', async () => {
      const { there, keeper, snapshot } = await pair()
      await there.transact(DATABASE, [remove(LS)])
      const { operations, tables } = await keeper.restores.plan(snapshot.id, { ...PLAN, withOperations: false })
      assert.deepEqual([operations, tables.length], [[], 2])
      assert.deepEqual((await keeper.snapshots.verify(snapshot.id, { deadlineMs: 60_000 })).problems, [])
      await assert.rejects(keeper.restores.plan('20250101-000000-b', PLAN), { code: 'OVSDB_HA_SNAPSHOT_UNKNOWN' })
      there.destroy()
    })

    test('what clients add meanwhile stays; what they make of it so that it cannot be is refused whole, and a new plan has it', async () => {
      const { there, keeper, snapshot, replay } = await pair()
      await there.transact(DATABASE, withPort(LS3, LSP3, 'three'))
      const stale = await keeper.restores.plan(snapshot.id, PLAN)
      await there.transact(DATABASE, [{ op: 'insert', table: 'Logical_Switch', row: { name: 'meanwhile', ports: ref(LSP3) } }, { op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ref(LS3)]] }])
      const reply = await replay(stale.operations)
      assert.equal(reply.ok, false, 'the port is referred to by a row that the plan does not know')
      const fresh = await keeper.restores.plan(snapshot.id, PLAN)
      assert.equal((await replay(fresh.operations)).ok, true)
      assert.deepEqual((await keeper.restores.plan(snapshot.id, PLAN)).tables, [])
      there.destroy()
    })

    test('the snapshot that is to be restored is not removed to make room for the one that is taken before', async () => {
      const { there, keeper, snapshot } = await pair()
      await until('the next second', 3_000, () => Date.now() - Date.parse(snapshot.takenAt) > 1_000)
      const { removed } = await keeper.snapshots.take({ as: 'backup', actor: 'ann', reason: '', spare: snapshot.id, deadlineMs: 60_000 })
      assert.deepEqual([removed, (await keeper.snapshots.list()).snapshots.length], [[], 2])
      there.destroy()
    })
  })
}
