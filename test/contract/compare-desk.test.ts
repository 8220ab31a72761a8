// A backup that is not what it seems, compared with its active, with real servers: what differs for good is told from what is on its way.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { afterEach, describe, test } from 'node:test'
import { execa } from 'execa'
import { createCompareDesk } from '../../agent/ovsdb/compare-desk.ts'
import { renderConfiguration } from '../../agent/ovsdb/config-file.ts'
import { heartbeatFile } from '../../agent/ovsdb/server-command.ts'
import type { Operation, OvsdbClient } from '../../agent/ovsdb/client.ts'
import type { CompareService } from '../../agent/compare-service.ts'
import type { Report } from '../../protocol/report.ts'
import { clusterConfig, memberConfig, report, serverReport, timing } from '../fixtures.ts'
import { createTestNodes, insertRows, signalAndWait, TIMING, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal
const DATABASE = 'OVN_Northbound'
const TABLE = 'DHCP_Options'
const TERM = 1
const COMPARE = { server: 'nb', active: 'a', digests: true, deadlineMs: 60_000 }

const options = (n: number) => `${String(n).repeat(8)}-0000-4000-8000-000000000000`
const insert = (n: number): Operation => ({ op: 'insert', table: TABLE, uuid: options(n), row: { cidr: `10.${n}.0.0/16` } })
const named = (n: number) => [['_uuid', '==', ['uuid', options(n)]]]

function deskOf (one: TestNode, nodes: readonly TestNode[], seen: Partial<Report>): CompareService {
  const cluster = clusterConfig({ name: 'test', members: nodes.map(({ name, address }) => ({ ...memberConfig(name), address })), servers: [one.config], timing: timing({ commandTimeoutMs: TIMING.commandTimeoutMs }) })
  return createCompareDesk({ cluster, node: one.name, report: () => report(one.name, { servers: [serverReport({ replication: 'replicating' })], ...seen }) })
}

for (const version of VERSIONS) {
  describe(`databases compared, ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    /** b follows a, which has three rows; `stale`: from then on the table of DHCP options is left out of b's replication. */
    async function pair (stale: boolean) {
      const [a, b] = [await active('a', TERM), await node('b')]
      const there = await a.client()
      await there.transact(DATABASE, [insert(1), insert(2), insert(3)])
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      if (stale) await excludeTable(b)
      const lease = { term: TERM, held: true, remainingMs: 1_000, releasedTerm: 0, releasedServed: false, votersGeneration: 1, without: null }
      const backup = deskOf(b, [a, b], { phase: 'backup', following: 'a' })
      const serving = deskOf(a, [a, b], { phase: 'active', lease })
      const mark = async () => (await serving.mark({ server: 'nb', term: TERM, deadlineMs: 5_000 })).marker
      return { a, b, there, backup, serving, mark }
    }

    async function excludeTable (b: TestNode): Promise<void> {
      if (version.control === 'configFile') await excludeByFile(b)
      else await appctl(b, 'set-sync-exclude-tables', `${DATABASE}:${TABLE}`)
      await until('b to replicate the rest again', 30_000, async () => (await b.server().observe()).replication === 'replicating')
    }

    const differing = (reply: Awaited<ReturnType<CompareService['compare']>>) => reply.tables.filter(({ lackingRows, changedRows, surplusRows }) => lackingRows + changedRows + surplusRows > 0)

    test('a backup that follows has every table of the active: equal counts, equal digests, no suspect, and progress is told', async () => {
      const { there, backup } = await pair(false)
      await insertRows(there, 'row', 3_000)
      const told: Array<ReturnType<CompareService['progress']>['running']> = []
      const watching = setInterval(() => { told.push(backup.progress().running) }, 1)
      const reply = await backup.compare(COMPARE).finally(() => clearInterval(watching))
      assert.deepEqual([differing(reply), reply.suspects], [[], []])
      const switches = reply.tables.find(({ table }) => table === 'Logical_Switch')
      assert.deepEqual([switches?.activeRows, switches?.backupRows], [3_000, 3_000])
      assert.match(switches?.activeDigest ?? '', /^[0-9a-f]{64}$/)
      assert.ok(reply.tables.length > 20 && reply.tables.every(({ activeDigest, backupDigest }) => activeDigest === backupDigest))
      assert.ok(reply.longestReadMs > 0)
      assert.ok(told.some(one => one !== null && one.tableEntries === reply.tables.length && one.doneEntries < one.tableEntries), 'how far it is was to be seen')
      assert.deepEqual(backup.progress(), { running: null })
      there.destroy()
    })

    test('a table that dropped out of replication is named, with what it lacks, what differs and what it has too much; behind a marker it lasts', async () => {
      const { there, backup, mark } = await pair(true)
      await there.transact(DATABASE, [insert(4), { op: 'update', table: TABLE, where: named(1), row: { cidr: '192.168.0.0/16' } }, { op: 'delete', table: TABLE, where: named(2) }])
      const reply = await backup.compare(COMPARE)
      const [found] = differing(reply)
      assert.deepEqual({ ...found, activeDigest: '', backupDigest: '' }, { table: TABLE, activeRows: 3, backupRows: 3, lackingRows: 1, changedRows: 1, surplusRows: 1, columns: ['cidr'], activeDigest: '', backupDigest: '' })
      assert.notEqual(found?.activeDigest, found?.backupDigest)
      assert.deepEqual(reply.suspects.map(({ uuid }) => uuid).toSorted(), [1, 2, 4].map(options))
      const again = await backup.recheck({ server: 'nb', active: 'a', marker: await mark(), suspects: reply.suspects, deadlineMs: 10_000 })
      assert.deepEqual([again.lasting.map(({ uuid }) => uuid).toSorted(), again.moving], [[1, 2, 4].map(options), []])
      there.destroy()
    })

    test('a row that the active changes again proves nothing, and is told as moving', async () => {
      const { there, backup, mark } = await pair(true)
      await there.transact(DATABASE, [{ op: 'update', table: TABLE, where: named(1), row: { cidr: '192.168.0.0/16' } }])
      const { suspects } = await backup.compare(COMPARE)
      const marker = await mark()
      await there.transact(DATABASE, [{ op: 'update', table: TABLE, where: named(1), row: { cidr: '172.16.0.0/12' } }])
      const again = await backup.recheck({ server: 'nb', active: 'a', marker, suspects, deadlineMs: 10_000 })
      assert.deepEqual([again.lasting, again.moving.map(({ uuid }) => uuid)], [[], [options(1)]])
      assert.notEqual(again.moving[0]?.activeDigest, suspects[0]?.activeDigest)
      there.destroy()
    })

    test('rows that are on their way are suspects at the first look, and gone when the marker behind them has arrived', async () => {
      const { b, there, backup, mark } = await pair(false)
      await there.transact(DATABASE, [insert(5)])
      const marker = await mark()
      const suspects = [{ table: TABLE, uuid: options(5), activeDigest: 'a'.repeat(64) }]
      assert.deepEqual(await backup.recheck({ server: 'nb', active: 'a', marker, suspects, deadlineMs: 10_000 }), { lasting: [], moving: [] })
      await signalAndWait(await b.pid(), 'SIGSTOP')
      const late = backup.recheck({ server: 'nb', active: 'a', marker: await mark(), suspects, deadlineMs: 1_000 })
      await assert.rejects(late, { code: 'OVSDB_HA_COMPARE' }, 'a backup that does not answer is not one that differs')
      process.kill(await b.pid(), 'SIGCONT')
      await assert.rejects(backup.recheck({ server: 'nb', active: 'a', marker: 'verify/never/written', suspects, deadlineMs: 4_000 }), /verify\/never\/written/)
      there.destroy()
    })

    test('who does not follow, or does not serve in that term, compares and marks nothing', async () => {
      const { a, b, there, serving } = await pair(false)
      await assert.rejects(deskOf(b, [a, b], { phase: 'backup', following: 'c' }).compare(COMPARE), /b follows c, and not a/)
      const busy = [serverReport({ health: 'busy', role: 'unknown', source: null, replication: 'none' })]
      assert.ok((await deskOf(b, [a, b], { phase: 'backup', following: null, servers: busy }).compare(COMPARE)).tables.length > 0, 'busy with being read')
      await assert.rejects(deskOf(b, [a, b], { phase: 'backup', following: null }).compare(COMPARE), /b follows nobody/)
      await assert.rejects(deskOf(b, [a, b], { phase: 'promoting', following: 'a' }).compare(COMPARE), { code: 'OVSDB_HA_MAINTENANCE_REFUSED' })
      await assert.rejects(deskOf(b, [a, b], { phase: 'backup', following: 'a', servers: [serverReport({ replication: 'replicating', complete: false, incompleteReason: 'a resync runs' })] }).compare(COMPARE), /a resync runs/)
      await assert.rejects(serving.mark({ server: 'nb', term: TERM + 1, deadlineMs: 5_000 }), /in term 1, and not in term 2/)
      await assert.rejects(markerOf(there), /no marker/)
      there.destroy()
    })
  })
}

async function appctl ({ config }: TestNode, command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('ovs-appctl', ['-t', config.controlSocket, `ovsdb-server/${command}`, ...args], { timeout: 5_000, stdin: 'ignore' })
  return stdout
}

/** As an operator would who edits the file: the same remotes, databases and source, but for one table. */
async function excludeByFile (b: TestNode): Promise<void> {
  const source = /^(?:replicating|connecting): (.*)$/m.exec(await appctl(b, 'sync-status'))?.[1]
  assert.ok(source !== undefined, 'b has a source')
  const remotes = (await appctl(b, 'list-remotes')).split('\n').filter(remote => remote !== '')
  const files = [b.config.databaseFile, heartbeatFile(b.config)]
  const configuration = JSON.parse(renderConfiguration({ remotes, databases: files.map(file => ({ file, backup: true, source })) }))
  configuration.databases[b.config.databaseFile]['exclude-tables'] = [TABLE]
  await writeFile(`${b.config.databaseFile}.config.json`, JSON.stringify(configuration))
  assert.equal(await appctl(b, 'reload'), '')
}

async function markerOf (client: OvsdbClient): Promise<void> {
  const [result] = await client.transact(DATABASE, [{ op: 'select', table: 'NB_Global', where: [], columns: ['external_ids'] }])
  if (!JSON.stringify(result).includes('ovsdb-ha-marker')) throw new Error('no marker')
}
