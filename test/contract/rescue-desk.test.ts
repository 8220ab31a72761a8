// Rows that only a returning node had, looked at and brought back into the active, with real servers.
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { Operation, OvsdbClient } from '../../agent/ovsdb/client.ts'
import { createRescueDesk } from '../../agent/ovsdb/rescue-desk.ts'
import { createRescues } from '../../agent/ovsdb/rescue.ts'
import type { RescueService } from '../../agent/rescue-service.ts'
import type { ReplayPlan, RowChoice } from '../../protocol/rescue-replay.ts'
import { report } from '../unit/controller/link/fake-agent.ts'
import { clusterConfig } from '../fixtures.ts'
import { createTestNodes, PLAINLY, position, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'

const NEVER_ABORTED = new AbortController().signal
const DATABASE = 'OVN_Northbound'
const ACTOR = { by: 'alice', reason: 'lost on Monday' }
const TERM = 4

const insert = (table: string, uuid: string, row: Record<string, unknown>): Operation => ({ op: 'insert', table, uuid, row })
const uuid = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000000`
const ref = (id: string) => ['uuid', id]
const [LS, LSP, ACL, LS2, LSP2, DHCP] = ['1', '2', '3', '4', '5', '6'].map(uuid) as [string, string, string, string, string, string]

async function rows (client: OvsdbClient, table: string, columns: readonly string[]): Promise<readonly string[]> {
  const [result] = await client.transact(DATABASE, [{ op: 'select', table, where: [], columns: [...columns] }])
  return (result?.rows ?? []).map(row => columns.map(column => JSON.stringify(row[column])).join(' ')).toSorted()
}

for (const version of VERSIONS) {
  describe(`rescues brought back, ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    function deskOf (one: TestNode, nodes: readonly TestNode[], told: string[] = []): RescueService {
      const cluster = clusterConfig({
        name: 'test',
        members: nodes.map(({ name, address }) => ({ name, address, agentPort: 1, priority: 0, witness: false })),
        servers: [one.config],
        rescue: { directory: `${one.folder}/rescue`, maxFiles: 4, maxBytes: 1024 ** 3, maxAgeMs: 3_600_000 }
      })
      const serves = report({ phase: 'active', lease: { term: TERM, held: true, remainingMs: 1_000, releasedTerm: 0, releasedServed: false, votersGeneration: 1, without: null } })
      return createRescueDesk({ cluster, node: one.name, rescues: createRescues(cluster.rescue, { cluster: 'test', node: one.name }, kind => told.push(kind)), report: () => serves, onHappening: kind => told.push(kind) })
    }

    /** Both nodes have a switch with an ACL; b, which served last, has what a lacks, and follows a. */
    async function diverged (onlyB: readonly Operation[], onlyA: readonly Operation[] = []) {
      const [a, b] = [await active('a', TERM), await node('b')]
      await b.server().start()
      await b.server().promote(position(1, 9, 'b'), PLAINLY)
      const [there, own] = [await a.client(), await b.client()]
      for (const client of [there, own]) await client.transact(DATABASE, [insert('Logical_Switch', LS, { name: 'ls1', acls: ref(ACL) }), insert('ACL', ACL, { action: 'allow', direction: 'to-lport', match: 'ip', priority: 1 })])
      await own.transact(DATABASE, onlyB)
      if (onlyA.length > 0) await there.transact(DATABASE, onlyA)
      await b.server().becomeBackup()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      own.destroy()
      const told: string[] = []
      const [keeper, serving] = [deskOf(b, [a, b]), deskOf(a, [a, b], told)]
      const { rescues: [{ id = '' } = {}] } = await keeper.list()
      const plan = async (choice: RowChoice) => await keeper.plan(id, { active: 'a', choice })
      const replay = async ({ operations, server, rows: planned }: ReplayPlan) => await serving.replay({ ...ACTOR, term: TERM, rescue: id, server, operations, replayedRows: planned.length })
      return { id, keeper, serving, there, plan, replay, told }
    }

    test('a diff tells the rows by table: missing with their values, changed with both, extra', async () => {
      const { id, keeper, there } = await diverged(
        [insert('Logical_Switch', LS2, { name: 'ls2', external_ids: ['map', [['k', 'v']]] }), { op: 'update', table: 'ACL', where: [['_uuid', '==', ref(ACL)]], row: { priority: 7 } }],
        [insert('DHCP_Options', DHCP, { cidr: '10.0.0.0/8' })]
      )
      const diff = await keeper.diff(id, { active: 'a' })
      assert.deepEqual(diff.tables, [
        { table: 'ACL', missingRows: 0, changedRows: 1, extraRows: 0 },
        { table: 'DHCP_Options', missingRows: 0, changedRows: 0, extraRows: 1 },
        { table: 'Logical_Switch', missingRows: 1, changedRows: 0, extraRows: 0 }
      ])
      assert.deepEqual(diff.rows.map(({ uuid: row, kind, label }) => [row, kind, label]), [[ACL, 'changed', null], [DHCP, 'extra', null], [LS2, 'missing', 'ls2']])
      assert.deepEqual(diff.rows[0]?.columns, [{ column: 'priority', rescue: 7, active: 1 }])
      assert.deepEqual(diff.rows[2]?.columns, [{ column: 'external_ids', rescue: ['map', [['k', 'v']]], active: null }, { column: 'name', rescue: 'ls2', active: null }])
      assert.deepEqual((await keeper.diff(id, { active: 'a', table: 'ACL', limit: 1 })).rows.length, 1)
      there.destroy()
    })

    test('lost rows come back with their uuids and their references, in one transaction, and it is told', async () => {
      const { id, keeper, there, plan, replay, told } = await diverged([
        insert('Logical_Switch', LS2, { name: 'ls2', ports: ref(LSP2) }),
        insert('Logical_Switch_Port', LSP2, { name: 'p2', dhcpv4_options: ref(DHCP) }),
        insert('DHCP_Options', DHCP, { cidr: '10.0.0.0/8' }),
        insert('Logical_Switch_Port', LSP, { name: 'p1' }),
        { op: 'mutate', table: 'Logical_Switch', where: [['_uuid', '==', ref(LS)]], mutations: [['ports', 'insert', ['set', [ref(LSP)]]]] }
      ])
      const found = await plan({ all: true })
      assert.deepEqual(found.conflicts, [])
      assert.deepEqual(found.rows.map(({ uuid: row, action }) => [row, action]).toSorted(), [[LS2, 'insert'], [LSP2, 'insert'], [DHCP, 'insert'], [LSP, 'insert'], [LS, 'refer']].toSorted())
      assert.deepEqual(await replay(found), { ok: true, reason: null, operationIndex: -1 })
      assert.deepEqual(await rows(there, 'Logical_Switch', ['_uuid', 'name', 'ports']), [[LS, 'ls1', LSP], [LS2, 'ls2', LSP2]].map(([row, name, port]) => `["uuid","${row}"] "${name}" ["uuid","${port}"]`).toSorted())
      assert.deepEqual(await rows(there, 'Logical_Switch_Port', ['name', 'dhcpv4_options']), ['"p1" ["set",[]]', `"p2" ["uuid","${DHCP}"]`])
      assert.deepEqual(told, ['rescueApplied'])
      assert.deepEqual((await keeper.diff(id, { active: 'a' })).tables, [], 'the active has all of it now')
      assert.deepEqual((await keeper.applied(id, { ...ACTOR, appliedRows: 5 })).note?.applied.map(({ by, appliedRows }) => [by, appliedRows]), [['alice', 5]])
      there.destroy()
    })

    test('one lost port alone brings its way back into its switch along; a weak reference to what was not chosen is told', async () => {
      const { there, plan, replay } = await diverged([
        insert('Logical_Switch_Port', LSP, { name: 'p1', dhcpv4_options: ref(DHCP) }),
        insert('DHCP_Options', DHCP, { cidr: '10.0.0.0/8' }),
        { op: 'mutate', table: 'Logical_Switch', where: [['_uuid', '==', ref(LS)]], mutations: [['ports', 'insert', ['set', [ref(LSP)]]]] }
      ])
      const found = await plan({ rows: ['2222'] })
      assert.deepEqual(found.rows.map(({ table, action }) => `${action} ${table}`), ['insert Logical_Switch_Port', 'refer Logical_Switch'])
      assert.match(found.notes.join(), /without its dhcpv4_options to DHCP_Options 66666666/)
      assert.equal((await replay(found)).ok, true)
      assert.deepEqual(await rows(there, 'Logical_Switch_Port', ['name', 'dhcpv4_options']), ['"p1" ["set",[]]'])
      there.destroy()
    })

    test('before a node is forced its copy is compared with that of another one, wherever that can be read; nothing is changed', async () => {
      const [a, b] = [await active('a', TERM), await node('b')]
      await b.server().start()
      await b.server().promote(position(1, 9, 'b'), PLAINLY)
      const [there, own] = [await a.client(), await b.client()]
      for (const client of [there, own]) await client.transact(DATABASE, [insert('Logical_Switch', LS, { name: 'ls1' })])
      await there.transact(DATABASE, [insert('Logical_Switch', LS2, { name: 'ls2' }), { op: 'update', table: 'Logical_Switch', where: [['_uuid', '==', ref(LS)]], row: { name: 'renamed' } }])
      await own.transact(DATABASE, [insert('DHCP_Options', DHCP, { cidr: '10.0.0.0/8' })])
      await b.server().becomeBackup()
      const desk = deskOf(b, [a, b])
      const expected = {
        source: 'a',
        databases: [{
          server: b.config.name,
          database: DATABASE,
          problem: null,
          tables: [
            { table: 'DHCP_Options', missingRows: 0, changedRows: 0, extraRows: 1 },
            { table: 'Logical_Switch', missingRows: 1, changedRows: 1, extraRows: 0 }
          ]
        }]
      }
      assert.deepEqual(await desk.compareCopies('a'), expected)
      assert.deepEqual(await desk.compareCopies('a'), expected, 'looking changes nothing')
      assert.deepEqual(await rows(own, 'Logical_Switch', ['name']), ['"ls1"'])
      there.destroy()
      own.destroy()
      await a.server().kill()
      const { databases: [unread] } = await desk.compareCopies('a')
      assert.deepEqual([unread?.tables, unread?.problem === null], [[], false], 'a copy that cannot be read is told, and counts as nothing known')
    })

    test('a row whose name is taken is refused with the reason, and nothing is written', async () => {
      const { there, plan } = await diverged(
        [insert('Logical_Switch', LS2, { name: 'ls2', ports: ref(LSP2) }), insert('Logical_Switch_Port', LSP2, { name: 'port' })],
        [insert('Logical_Switch', uuid('7'), { name: 'ls7', ports: ref(uuid('8')) }), insert('Logical_Switch_Port', uuid('8'), { name: 'port' })]
      )
      const { conflicts, operations } = await plan({ all: true })
      assert.deepEqual(conflicts.map(({ table, uuid: row, label, reason }) => [table, row, label, reason]), [['Logical_Switch_Port', LSP2, 'port', `Logical_Switch_Port ${uuid('8')} of the active has the same name`]])
      assert.deepEqual(operations, [])
      there.destroy()
    })

    test('what the active changes between plan and transaction is refused by the preconditions, at the row', async () => {
      const { there, plan, replay, told } = await diverged([insert('Logical_Switch', LS2, { name: 'ls2' }), { op: 'update', table: 'ACL', where: [['_uuid', '==', ref(ACL)]], row: { priority: 7 } }])
      const found = await plan({ rows: [LS2, ACL] })
      assert.deepEqual(found.rows.map(({ action }) => action).toSorted(), ['insert', 'update'])
      await there.transact(DATABASE, [{ op: 'update', table: 'ACL', where: [['_uuid', '==', ref(ACL)]], row: { priority: 9 } }])
      const reply = await replay(found)
      assert.equal(reply.ok, false)
      assert.equal(found.rows[found.rowOfOperation[reply.operationIndex] ?? -1]?.uuid, ACL)
      assert.deepEqual(told, ['rescueRefused'])
      assert.deepEqual(await rows(there, 'Logical_Switch', ['name']), ['"ls1"'], 'nothing of it was written')
      assert.deepEqual(await rows(there, 'ACL', ['priority']), ['9'])
      there.destroy()
    })

    test('a changed row gets its values, a deleted one is deleted, when they are chosen by name', async () => {
      const { there, plan, replay } = await diverged(
        [{ op: 'update', table: 'ACL', where: [['_uuid', '==', ref(ACL)]], row: { priority: 7 } }],
        [insert('DHCP_Options', DHCP, { cidr: '10.0.0.0/8' })]
      )
      assert.deepEqual((await plan({ all: true })).rows, [], 'by itself nothing but missing rows is brought back')
      const found = await plan({ rows: [ACL, DHCP] })
      assert.deepEqual(await replay(found), { ok: true, reason: null, operationIndex: -1 })
      assert.deepEqual(await rows(there, 'ACL', ['priority']), ['7'])
      assert.deepEqual(await rows(there, 'DHCP_Options', ['cidr']), [])
      there.destroy()
    })

    test('rows are brought back only on the node that serves, in the term that was meant (S1)', async () => {
      const { serving, there, plan } = await diverged([insert('Logical_Switch', LS2, { name: 'ls2' })])
      const { operations, server } = await plan({ all: true })
      await assert.rejects(serving.replay({ ...ACTOR, term: TERM + 1, rescue: 'b-00000000', server, operations, replayedRows: 1 }), { code: 'OVSDB_HA_NOT_THE_ACTIVE' })
      assert.deepEqual(await rows(there, 'Logical_Switch', ['name']), ['"ls1"'])
      there.destroy()
    })

    test('one that nobody has acknowledged is removed only by force', async () => {
      const { id, keeper, there } = await diverged([insert('Logical_Switch', LS2, { name: 'ls2' })])
      await assert.rejects(keeper.remove(id, { ...ACTOR, force: false }), { code: 'OVSDB_HA_RESCUE_UNACKNOWLEDGED' })
      assert.equal((await keeper.acknowledge(id, ACTOR)).note?.acknowledged?.by, 'alice')
      await keeper.remove(id, { ...ACTOR, force: false })
      assert.deepEqual((await keeper.list()).rescues, [])
      there.destroy()
    })
  })
}
