// A backup that quietly does not have what the active has is found under writing clients, by name and table, and nothing else is.
import assert from 'node:assert/strict'
import type { Verification } from '../../protocol/verify.ts'
import { serverPaths, SERVERS } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { DEADLINE_MS, describeCluster, NEWEST, PATIENT, type Scene } from './scenario.ts'
import { transact } from './transact.ts'

const DATABASE = SERVERS[0].database
const TABLE = 'DHCP_Options'

interface Verified {
  readonly code: number
  readonly found: Verification
  readonly progress: string
}

/** Again while there is nothing to tell: a new session with the source is a new copy, and until it is whole it is not compared. */
async function verified ({ ovsdbHa, t }: Scene, outcome: 'same' | 'differs'): Promise<Verified> {
  return await poll(async () => {
    const { exitCode, stdout, stderr } = await ovsdbHa('verify', '--json')
    const found: Verification | null = stdout === '' ? null : JSON.parse(stdout)
    if (found?.outcome === outcome) return { code: exitCode, found, progress: stderr }
    t.diagnostic(`not ${outcome} yet: ${found === null ? stderr : found.parts.map(({ node, server, state, problem }) => `${node} ${server} ${state} ${problem ?? ''}`).join('; ')}`)
    return null
  }, { deadlineMs: DEADLINE_MS, everyMs: 1_000, what: `every backup to be compared, and the outcome to be: ${outcome}` })
}

async function exclude ({ testbed }: Scene, tables: string): Promise<void> {
  const { failed, stderr } = await testbed.exec('b', ['ovs-appctl', '-t', serverPaths('nb').controlSocket, 'ovsdb-server/set-sync-exclude-tables', tables])
  assert.ok(!failed, stderr)
}

for (const ovs of NEWEST) {
  describeCluster(`verify, Open vSwitch ${ovs}`, { timing: PATIENT, ovs, nodes: '2+witness' }, ({ scenario }) => {
    scenario('a table that was left out of a backup\'s replication is a difference, and what clients write meanwhile is none; a new copy heals it', {}, async scene => {
      await transact(scene, { op: 'insert', table: TABLE, row: { cidr: '10.1.0.0/16' } }, { op: 'insert', table: TABLE, row: { cidr: '10.2.0.0/16' } })
      await scene.clientsWrite()
      await exclude(scene, `${DATABASE}:${TABLE}`)
      await transact(scene, { op: 'insert', table: TABLE, row: { cidr: '10.3.0.0/16' } }, { op: 'delete', table: TABLE, where: [['cidr', '==', '10.1.0.0/16']] }, { op: 'update', table: TABLE, where: [['cidr', '==', '10.2.0.0/16']], row: { cidr: '10.4.0.0/16' } })

      const { code, found, progress } = await verified(scene, 'differs')
      assert.match(progress, /databases compared with a/)
      assert.deepEqual([code, found.parts.map(({ node, server, state }) => `${node} ${server} ${state}`)], [1, ['b nb differs', 'b sb same']])
      const differing = found.parts[0]!.tables.filter(({ lastingRows }) => lastingRows > 0)
      assert.deepEqual(differing.map(({ table, lackingRows, changedRows, surplusRows, columns, lastingRows }) => ({ table, lackingRows, changedRows, surplusRows, columns, lastingRows })), [{ table: TABLE, lackingRows: 1, changedRows: 1, surplusRows: 1, columns: ['cidr'], lastingRows: 3 }])
      const told = await scene.entry('b differs', ({ kind, node }) => kind === 'backupDiffers' && node === 'b')
      assert.match(told.message, /^b does not have what a has: DHCP_Options of OVN_Northbound: lacks 1 of 2 rows, 1 differ in cidr, 1 that the active has not$/)
      await scene.until('b is known to differ', view => view.diagnoses.some(({ name, node }) => name === 'differingBackup' && node === 'b'))

      await exclude(scene, '')
      await verified(scene, 'same')
      await scene.until('nothing is wrong with b', view => !view.diagnoses.some(({ name }) => name === 'differingBackup'))
    })
  })
}
