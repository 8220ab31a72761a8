// Planned restarts of all servers, with another Open vSwitch and with another schema, under writing clients.
import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { UpgradeCheck } from '../../protocol/upgrade.ts'
import { schemaPath, serverPaths } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { findProcess } from '../testbed/product.ts'
import { poll } from '../testbed/wait.ts'
import { assertFollows, DEADLINE_MS, describeCluster, nodeOf, PATIENT, VERSIONS, type Scene } from './scenario.ts'

const HOSTS = ['a', 'b', 'c'] as const
/** Six restarts, three copies and a switchover on a machine that may be loaded. */
const UPGRADE_DEADLINE_MS = 6 * DEADLINE_MS

async function install ({ testbed }: Scene, ovs: '3.1' | '3.5'): Promise<void> {
  for (const host of HOSTS) await testbed.installOvs(host, ovs)
}

const kindsOf = async ({ entries }: Scene) => (await entries()).filter(({ kind }) => kind.startsWith('upgrade') || kind === 'operationEnded').map(({ kind, node }) => kind === 'operationEnded' ? 'switchover' : `${kind} ${node ?? ''}`.trim())

async function told (scene: Scene, kind: string): Promise<void> {
  await poll(async () => (await scene.entries().catch(() => [])).some(entry => entry.kind === kind) ? true : null, { deadlineMs: UPGRADE_DEADLINE_MS, everyMs: 200, what: `the history to tell ${kind}` })
}

const versionsIn = async ({ view }: Scene) => [...new Set((await view()).nodes.flatMap(({ servers }) => servers.map(({ version }) => version ?? 'unknown')))]

async function checked ({ ovsdbHa }: Scene): Promise<UpgradeCheck> {
  return JSON.parse((await ovsdbHa('upgrade', 'check', '-o', 'json')).stdout) as UpgradeCheck
}

/** A loaded machine may take a busy server, or a late report, for a cluster that is not whole. */
async function begin (scene: Scene, ...args: readonly string[]): Promise<void> {
  let last = ''
  await poll(async () => {
    const { exitCode, stderr } = await scene.ovsdbHa('upgrade', ...args, '--no-wait')
    last = stderr
    return exitCode === 0 ? true : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `"upgrade ${args.join(' ')}" to begin` }).catch((error: Error) => { throw new Error(`${error.message}: ${last}`, { cause: error }) })
}

async function refused (scene: Scene, why: RegExp, ...args: readonly string[]): Promise<void> {
  let last = ''
  await poll(async () => {
    const { exitCode, stderr } = await scene.ovsdbHa('upgrade', ...args)
    last = stderr
    return exitCode === 1 && why.test(stderr.replaceAll(/\s+/g, ' ')) ? true : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `"upgrade ${args.join(' ')}" to be refused because ${why.source}` }).catch((error: Error) => { throw new Error(`${error.message}: ${last}`, { cause: error }) })
}

async function untilItMayBegin (scene: Scene): Promise<UpgradeCheck> {
  return await poll(async () => {
    const check = await checked(scene)
    return check.refusals.length === 0 ? check : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'nothing to stand in the way' })
}

describeCluster('restarts of all servers', { ovs: '3.1', replaceable: true, timing: PATIENT }, ({ testbed, scenario }) => {
  scenario('from Open vSwitch 3.1 to 3.5 with one schema: backups first, then a switchover, then the old active; no acknowledged write is lost', {}, async scene => {
    const before = await untilItMayBegin(scene)
    assert.deepEqual(before.mismatches, [])
    assert.deepEqual(before.steps.map(({ action, node }) => `${action} ${node}`), ['restart b', 'restart c', 'switchover a', 'restart a'])
    const [running = ''] = await versionsIn(scene)
    await install(scene, '3.5')
    const check = await scene.ovsdbHa('upgrade', 'check')
    assert.match(check.stdout.replaceAll(/\s+/g, ' '), new RegExp(`a restart makes nb of a 3\\.5\\.\\d+; ${running.replaceAll('.', '\\.')} runs`))
    assert.match(check.stdout, /OVN_Northbound \d+\.\d+\.\d+ \(\d+ \d+\)/, 'version and checksum of the schema')
    await begin(scene, 'run', '--reason', 'new packages')
    await told(scene, 'upgradeEnded')
    assert.deepEqual(await kindsOf(scene), [
      'upgradeBegan', 'upgradeRestarts b', 'upgradeNodeDone b', 'upgradeRestarts c', 'upgradeNodeDone c', 'switchover', 'upgradeRestarts a', 'upgradeNodeDone a', 'upgradeEnded'
    ])
    const [version = '', ...others] = await versionsIn(scene)
    assert.match(version, /^3\.5\./)
    assert.deepEqual(others, [])
    const view = await scene.view()
    assert.notEqual(view.active, 'a')
    await assertFollows(scene, 'a')
    const status = await scene.ovsdbHa('upgrade', 'status')
    assert.match(status.stdout, /\(new packages\): done/)
  })

  scenario('the controller dies in the middle and the next one goes on; stopped, it orders nothing; resumed, it comes to its end', {}, async scene => {
    const [running = ''] = await versionsIn(scene)
    const next = running.startsWith('3.5.') ? '3.1' : '3.5'
    await install(scene, next)
    await begin(scene, 'run')
    await told(scene, 'upgradeRestarts')
    await testbed.killController()
    await poll(async () => await findProcess(hostOf(testbed.plan, 'ctl'), 'controller') === null ? true : null, { deadlineMs: DEADLINE_MS, what: 'the controller to be gone' })
    await testbed.startController()
    await poll(async () => await scene.view().catch(() => null), { deadlineMs: DEADLINE_MS, what: 'the controller to answer' })
    const stopped = await poll(async () => {
      const answer = await scene.ovsdbHa('upgrade', 'stop', '--reason', 'lunch')
      return answer.exitCode === 0 ? answer : null
    }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'the restart to be stopped' })
    assert.match(stopped.stdout, /STOPPED[\s\S]*stopped: testbed stopped it: lunch/)
    await scene.whole()
    const restarts = async () => (await scene.entries()).filter(({ kind }) => kind === 'upgradeRestarts').length
    const ordered = await restarts()
    assert.equal((await versionsIn(scene)).length, 2, 'some run the one version, some the other')
    await scene.clientsWrite()
    assert.equal(await restarts(), ordered)
    await begin(scene, 'resume')
    await told(scene, 'upgradeEnded')
    const [version = '', ...others] = await versionsIn(scene)
    assert.ok(version.startsWith(`${next}.`), version)
    assert.deepEqual(others, [])
    assert.equal((await scene.entries()).filter(({ operation }) => operation?.outcome === 'done').length, 1, 'one switchover, and nothing else changed the active')
  })

  scenario('a cluster that is not whole: it does not begin; what has begun is stopped when a node falls silent, and comes to its end when it is resumed', {}, async scene => {
    await testbed.cutHost('c')
    await scene.until('c does not report', view => !nodeOf(view, 'c').reachable)
    const refused = await scene.ovsdbHa('upgrade', 'run')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /c does not report/)
    assert.match((await scene.ovsdbHa('upgrade', 'check')).stdout, /WOULD BE REFUSED[\s\S]*c (does not report|was not heard)/)
    await testbed.healHost('c')
    await scene.whole()
    await begin(scene, 'run')
    await told(scene, 'upgradeRestarts')
    await testbed.cutHost('c')
    await told(scene, 'upgradeStopped')
    assert.match((await scene.ovsdbHa('upgrade', 'status')).stdout.replaceAll(/\s+/g, ' '), /STOPPED stopped: c does not report/)
    await testbed.healHost('c')
    await scene.whole()
    await begin(scene, 'resume')
    await told(scene, 'upgradeEnded')
    const status = await scene.ovsdbHa('upgrade', 'status')
    assert.match(status.stdout, /: done\n/)
  })
})

for (const ovs of VERSIONS) {
  describeCluster(`schemas that change on the way, Open vSwitch ${ovs}`, { ovs, replaceable: true, timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('a column is added: a snapshot first, then every database is converted while clients write, and nothing is lost', {}, async scene => {
      const file = schemaPath(testbed.plan, 'nb')
      const schema = JSON.parse(await readFile(file, 'utf8')) as { version: string, cksum?: string, tables: Record<string, { columns: Record<string, unknown> }> }
      const [major = '0', minor = '0'] = schema.version.split('.')
      const version = `${major}.${Number(minor) + 1}.0`
      const columns = schema.tables.Logical_Switch?.columns ?? {}
      delete schema.cksum
      await writeFile(`${file}.new`, JSON.stringify({ ...schema, version, tables: { ...schema.tables, Logical_Switch: { ...schema.tables.Logical_Switch, columns: { ...columns, e2e_note: { type: { key: 'string', min: 0, max: 1 } } } } } }))
      await rename(`${file}.new`, file)
      const before = await checked(scene)
      assert.ok(before.notes.some(note => note.includes(`${file} there is ${version}: a restart does not convert a database`)), before.notes.join())
      await begin(scene, 'run', '--convert')
      await told(scene, 'upgradeEnded')
      const kinds = (await scene.entries()).map(({ kind }) => kind)
      assert.ok(kinds.includes('snapshotTaken') && kinds.indexOf('snapshotTaken') < kinds.indexOf('upgradeBegan'), kinds.join())
      const after = await checked(scene)
      for (const { node, servers } of after.nodes) {
        const [users] = servers.filter(({ server }) => server === 'nb').flatMap(({ databases }) => databases).filter(({ file }) => file !== null)
        assert.deepEqual([users?.version, users?.digest], [version, users?.file?.digest], node)
      }
      const { active, nodes } = await scene.view()
      assert.ok(active !== null && active !== 'a')
      assert.ok(nodes.every(({ servers }) => servers.every(({ position }) => position !== null)), 'the position database is there')
      const use = ['["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"e2e-converted","e2e_note":"new"}}]']
      const written = await testbed.exec(active, ['ovsdb-client', 'transact', `unix:${serverPaths('nb').databaseSocket}`, ...use])
      assert.match(written.stdout, /"uuid"/, written.stdout + written.stderr)
      await assertFollows(scene, 'a')
      await refused(scene, /every database has the schema of its file already/, 'run', '--convert')
    })

    scenario('a column is removed: the cut-over is announced, confirmed, and one way; clients go on, and all copies follow again', {}, async scene => {
      const file = schemaPath(testbed.plan, 'nb')
      const schema = JSON.parse(await readFile(file, 'utf8')) as { version: string, tables: Record<string, { columns: Record<string, unknown> }> }
      const { e2e_note: _gone, ...columns } = schema.tables.Logical_Switch?.columns ?? {}
      await writeFile(`${file}.new`, JSON.stringify({ ...schema, version: '98.0.0', tables: { ...schema.tables, Logical_Switch: { ...schema.tables.Logical_Switch, columns } } }))
      await rename(`${file}.new`, file)
      await refused(scene, /could not follow a: column Logical_Switch\.e2e_note is missing in the backup/, 'run', '--convert')
      await refused(scene, /this is one way\. A snapshot is taken; b, c are converted and follow nobody; then a converts nb while it serves.*Nobody can take over until b, c have copied anew/, 'run', '--cut-over')
      await begin(scene, 'run', '--cut-over', '--confirm', 'ovn')
      await told(scene, 'upgradeEnded')
      assert.deepEqual((await kindsOf(scene)).filter(kind => !kind.startsWith('upgradeNodeDone')), ['upgradeBegan', 'upgradeRestarts b', 'upgradeRestarts c', 'upgradeConverts a', 'upgradeConverted a', 'upgradeEnded'])
      for (const { node, servers } of (await checked(scene)).nodes) assert.equal(servers.flatMap(({ databases }) => databases).find(({ database }) => database === 'OVN_Northbound')?.version, '98.0.0', node)
      assert.equal((await scene.view()).active, 'a')
      for (const name of ['b', 'c']) await assertFollows(scene, name)
    })
  })
}
