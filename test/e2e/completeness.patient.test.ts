// Copies that ceased to be whole behind everybody's back, in a cluster that runs: each is named in status and history, nobody else
// is harmed, and the node follows again. That every such state is seen, server by server: test/contract/completeness.test.ts.
import assert from 'node:assert/strict'
import { stat, truncate, writeFile } from 'node:fs/promises'
import { serverPaths } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { findProcess, outsidePath } from '../testbed/product.ts'
import { poll } from '../testbed/wait.ts'
import { assertFollows, DEADLINE_MS, describeCluster, NEWEST, nodeOf, PATIENT, VERSIONS, type Scene } from './scenario.ts'

/** The one that says nothing when a database drops out of replication; both by hand. */
const SILENT = NEWEST.length > 1 ? VERSIONS : ['3.1'] as const
const COPIES = ['b', 'c'] as const

interface Schema {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, unknown>> }>>
}

const pageOf = async ({ ovsdbHa }: Scene) => (await ovsdbHa('status')).stdout.replaceAll(/\s+/g, ' ')

for (const ovs of SILENT) {
  describeCluster(`copies that are not whole, Open vSwitch ${ovs}`, { ovs, timing: PATIENT }, ({ testbed, scenario }) => {
    const { databaseFile, databaseSocket } = serverPaths('nb')
    const schemaFile = `${testbed.plan.sharedDirectory}/dropped.ovsschema`

    async function onActive (...argv: readonly string[]): Promise<string> {
      const { failed, stdout, stderr } = await testbed.exec('a', argv)
      assert.ok(!failed, stderr)
      return stdout
    }

    async function convert (schema: Schema): Promise<void> {
      await writeFile(schemaFile, JSON.stringify(schema))
      await onActive('ovsdb-client', 'convert', `unix:${databaseSocket}`, schemaFile)
    }

    scenario('a schema that somebody changes on the active takes a database out of replication: both backups are named with the column, and follow when it is taken back', {}, async scene => {
      const before = JSON.parse(await onActive('ovsdb-client', 'get-schema', `unix:${databaseSocket}`, 'OVN_Northbound')) as Schema
      const { Logical_Switch: table } = before.tables
      await convert({ ...before, tables: { ...before.tables, Logical_Switch: { ...table, columns: { ...table?.columns, e2e_dropped: { type: 'string' } } } } })
      for (const name of COPIES) {
        await scene.until(`${name} cannot take over, and why is named`, view => nodeOf(view, name).ineligible !== null && view.diagnoses.some(one => one.node === name && ['replicationBroken', 'incompleteCopy'].includes(one.name)))
        await scene.entry(`${name} cannot follow for the column`, ({ kind, node, message }) => kind === 'followFailed' && node === name && message.includes('e2e_dropped'))
      }
      const page = await pageOf(scene)
      for (const name of COPIES) assert.match(page, new RegExp(`diagnosis: (replicationBroken|incompleteCopy) on ${name}\\b`))
      assert.equal((await scene.view()).active, 'a')
      await convert(before)
      for (const name of COPIES) await assertFollows(scene, name)
    })

    scenario('a file that lost the end of its last record while its server was down is named as what it is, and copied anew', { undisturbed: true }, async scene => {
      const host = hostOf(testbed.plan, 'c')
      const paused = await scene.ovsdbHa('pause', '--reason', 'to see what c says')
      assert.equal(paused.exitCode, 0, paused.stderr)
      // the agent would start it again before the file is cut
      await testbed.stopAgent('c')
      await testbed.killServer('c', 'nb')
      await poll(async () => await findProcess(host, 'nb') === null ? true : null, { deadlineMs: DEADLINE_MS, what: 'the server to be gone' })
      const file = outsidePath(host, databaseFile)
      await truncate(file, (await stat(file)).size - 10)
      await testbed.contAgent('c')
      const told = await scene.entry('the copy of c is not complete', ({ kind, node }) => kind === 'copyIncomplete' && node === 'c')
      assert.match(told.message, /^nb: records lost at start: /)
      await scene.until('c cannot take over, and why is named', view => nodeOf(view, 'c').ineligible?.code === 'incomplete' && view.diagnoses.some(({ name, node }) => name === 'incompleteCopy' && node === 'c'))
      assert.match(await pageOf(scene), /c is a backup that does not follow a yet \(nb: records lost at start: .* diagnosis: incompleteCopy on c\b/)
      const resumed = await scene.ovsdbHa('resume')
      assert.equal(resumed.exitCode, 0, resumed.stderr)
      await assertFollows(scene, 'c')
    })
  })
}
