import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { Upgrade } from '../../../controller/core/upgrade-state.ts'
import { createControllerMetrics } from '../../../controller/metrics.ts'
import { createUpgradeDesk } from '../../../controller/upgrade-desk.ts'
import { createUpgrader } from '../../../controller/upgrader.ts'
import type { ClusterView } from '../../../protocol/api.ts'
import type { DatabaseSchema } from '../../../protocol/database-schema.ts'
import { clusterConfig, serverConfig } from '../../fixtures.ts'
import { operationView } from './api/views.ts'
import { servedBy } from './core/schedule-harness.ts'
import { maintenanceLink } from './maintenance-double.ts'
import { snapshotOf } from './snapshot-views.ts'

const schemaOf = (columns: DatabaseSchema['tables'][string]['columns'], version = '7.0.0'): DatabaseSchema => ({ name: 'OVN_Northbound', version, cksum: '11 22', tables: { T: { columns } } })
const PLAIN = schemaOf({ a: { type: 'string' } })

/** n1, n2, n3 that restart what they are told to, and a controller that leads. */
function scene (t: TestContext, { leads = true, attach = false, stubborn = '', until = 'upgradeEnded', schemas = {} }: { leads?: boolean, attach?: boolean, stubborn?: string, until?: string, schemas?: Readonly<Record<string, DatabaseSchema>> } = {}) {
  const server = serverConfig('nb')
  const cluster = clusterConfig({ servers: [attach ? { ...server, run: { ...server.run, mode: 'attach' } } : server] })
  const pids: Record<string, number> = { n1: 1, n2: 2, n3: 3 }
  const asked: string[] = []
  const told: string[] = []
  const converted = new Set<string>()
  const followers = new Set<(view: ClusterView) => void>()
  const { promise: done, resolve } = Promise.withResolvers<void>()
  let active = 'n1'
  let kept: Upgrade | null = null

  const view = (): ClusterView => {
    const now = servedBy(active)
    return { ...now, controller: { name: 'ctl', leads, leader: leads ? null : { name: 'ctl2', url: null } }, nodes: now.nodes.map(node => ({ ...node, servers: node.servers.map(one => ({ ...one, pid: pids[node.name] ?? null })) })) }
  }
  const changed = (): void => { for (const follower of followers) follower(view()) }
  const host = {
    name: cluster.name,
    view,
    follow (onChange: (view: ClusterView) => void) {
      followers.add(onChange)
      return () => { followers.delete(onChange) }
    },
    tell (kind: string, _severity: string, node: string | null) {
      told.push(`${kind} ${node ?? ''}`.trim())
      if (kind === until) resolve()
    },
    async switchover ({ reason = '' }, actor: string) {
      asked.push(`switchover by ${actor}: ${reason}`)
      active = 'n2'
      changed()
      return operationView({ kind: 'switchover', outcome: 'done' })
    },
    keptUpgrade: () => kept,
    keepUpgrade: (upgrade: Upgrade | null) => { kept = upgrade }
  }
  const links = ['n1', 'n2', 'n3'].map(node => maintenanceLink(node, {
    compact: async () => ({ databases: [] }),
    async versions () {
      if (node === 'n3' && schemas.n3 === undefined && schemas.deaf !== undefined) throw new Error('no answer')
      const schema = converted.has(node) ? PLAIN : schemas[node] ?? PLAIN
      return { servers: [{ server: 'nb', run: 'process', version: '3.1.0', installed: '3.5.0', problem: null, databases: [{ database: 'OVN_Northbound', schema, file: { path: '/nb.ovsschema', schema: PLAIN, problem: null } }] }] }
    },
    async order (order) {
      if (order.type === 'convert') {
        asked.push(`convert ${node} ${order.servers.map(({ name, convertTo }) => `${name} to ${convertTo}`).join()}`)
        queueMicrotask(changed)
        return { ok: true, reason: null, steps: [] }
      }
      const { servers, term } = order
      if (servers.some(({ convertTo }) => convertTo !== undefined) && node !== stubborn) converted.add(node)
      asked.push(`restart ${node} ${servers.map(({ name, pid }) => `${name}=${pid}`).join()} in ${term}`)
      pids[node] = (pids[node] ?? 0) + 100
      queueMicrotask(changed)
      return { ok: true, reason: null, steps: [] }
    },
    snapshots: async () => ({ snapshots: [], problems: [] }),
    takeSnapshot: async () => ({ snapshot: snapshotOf(node), hook: null, removed: [] }),
    verifySnapshot: async id => ({ snapshot: snapshotOf(node, id), problems: [] }),
    stop: async () => {}
  }))
  const upgrader = createUpgrader({ cluster, host, links, metrics: createControllerMetrics({ version: '0' }), logger: pino({ level: 'silent' }) })
  t.after(() => upgrader.stop())
  upgrader.start()
  return { desk: createUpgradeDesk(upgrader, { cluster, host, links, snapshots: { async take (actor, reason) { asked.push(`snapshot by ${actor}: ${reason}`); return snapshotOf('n2') } } }), asked, told, done, kept: () => kept }
}

test('every node is restarted, the active last and after a switchover under the operator\'s name; the store knows the end', { timeout: 30_000 }, async t => {
  const { desk, asked, told, done, kept } = scene(t)
  const { upgrade } = await desk.run('ann', { reason: 'new packages' })
  assert.deepEqual([upgrade?.by, upgrade?.reason, upgrade?.stage], ['ann', 'new packages', 'running'])
  await done
  assert.deepEqual(asked, ['restart n2 nb=2 in 7', 'restart n3 nb=3 in 7', 'switchover by ann: restart of all servers: n1 is the last', 'restart n1 nb=1 in 7'])
  assert.deepEqual(told, ['upgradeBegan', 'upgradeRestarts n2', 'upgradeNodeDone n2', 'upgradeRestarts n3', 'upgradeNodeDone n3', 'upgradeRestarts n1', 'upgradeNodeDone n1', 'upgradeEnded'])
  assert.equal(kept()?.stage, 'done')
  await assert.rejects(desk.stop('ann', ''), { code: 'OVSDB_HA_UPGRADE_REFUSED' })
  await assert.rejects(desk.resume('ann'), { code: 'OVSDB_HA_UPGRADE_REFUSED' })
})

test('only the leader orders, and nobody\'s server is restarted that somebody else runs', async t => {
  await assert.rejects(scene(t, { leads: false }).desk.run('ann', {}), { code: 'OVSDB_HA_NOT_LEADING' })
  const { desk, asked } = scene(t, { attach: true })
  await assert.rejects(desk.run('ann', {}), /server nb is run by somebody else/)
  assert.deepEqual(asked, [])
  assert.match((await desk.check()).refusals[0]?.help ?? '', /Restart it yourself: on the backups one at a time/)
})

test('the check tells versions, the plan, and what a restart does not do', async t => {
  const older = schemaOf({ a: { type: 'string' } }, '6.9.0')
  const { desk } = scene(t, { schemas: { n1: schemaOf({ a: { type: 'string' }, b: { type: 'integer' } }, '7.1.0'), n2: older } })
  const check = await desk.check()
  assert.deepEqual(check.steps.map(({ action, node, state }) => `${action} ${node} ${state}`), ['restart n2 waiting', 'restart n3 waiting', 'switchover n1 waiting', 'restart n1 waiting'])
  assert.deepEqual(check.mismatches.map(({ from, to, differences }) => [from, to, ...differences]), [['n1', 'n2', 'column T.b is missing in the backup'], ['n1', 'n3', 'column T.b is missing in the backup']])
  assert.ok(check.refusals.some(({ why }) => why === 'n2 could not follow n1 in OVN_Northbound: column T.b is missing in the backup'))
  assert.ok(check.notes.includes('a restart makes nb of n1 3.5.0; 3.1.0 runs'))
  assert.ok(check.notes.some(note => note.startsWith('OVN_Northbound of n1 has schema 7.1.0, and /nb.ovsschema there is 7.0.0')))
  const [first, second] = check.nodes
  assert.equal(first?.active, true)
  assert.notEqual(first?.servers[0]?.databases[0]?.digest, second?.servers[0]?.databases[0]?.digest)
  assert.equal(second?.servers[0]?.databases[0]?.digest, second?.servers[0]?.databases[0]?.file?.digest, 'one outline under two version numbers')
  assert.equal(second?.servers[0]?.databases[0]?.checksum, '11 22')
})

test('a node that does not answer is named, and nothing would begin', async t => {
  const { desk } = scene(t, { schemas: { deaf: PLAIN } })
  const check = await desk.check()
  assert.deepEqual(check.nodes.at(-1), { node: 'n3', active: false, problem: 'no answer', servers: [] })
  assert.match(check.refusals[0]?.why ?? '', /n3 was not heard: no answer/)
})

test('with a conversion a snapshot comes first, and each database gets the schema of its file; without need there is none', { timeout: 30_000 }, async t => {
  const before = schemaOf({})
  const { desk, asked, done } = scene(t, { schemas: { n1: before, n2: before, n3: before } })
  const { upgrade } = await desk.run('ann', { convert: true })
  assert.deepEqual(upgrade?.converts, ['nb'])
  await done
  assert.deepEqual(asked.map(one => one.split(' ').slice(0, 2).join(' ')), ['snapshot by', 'restart n2', 'restart n3', 'switchover by', 'restart n1'])
  await assert.rejects(scene(t).desk.run('ann', { convert: true }), /every database has the schema of its file already/)
})

test('a cut-over is told before it is confirmed by the name of the cluster, and converts the active when every backup is', { timeout: 30_000 }, async t => {
  const wider = schemaOf({ a: { type: 'string' }, b: { type: 'integer' } })
  const { desk, asked, done } = scene(t, { schemas: { n1: wider, n2: wider, n3: wider } })
  await assert.rejects(desk.run('ann', { convert: true }), /column T\.b is missing in the backup/)
  for (const confirm of [undefined, 'another']) {
    await assert.rejects(desk.run('ann', { cutOver: true, ...(confirm === undefined ? {} : { confirm }) }), { code: 'OVSDB_HA_UPGRADE_REFUSED', message: /this is one way\. A snapshot is taken; n2, n3 are converted and follow nobody; then n1 converts nb while it serves/ })
  }
  assert.equal(asked.length, 0, asked.join())
  await desk.run('ann', { cutOver: true, confirm: 'ovn' })
  await done
  assert.deepEqual(asked.map(one => one.split(' ').slice(0, 2).join(' ')), ['snapshot by', 'restart n2', 'restart n3', 'convert n1'])
})

test('the service is not moved while a backup has the schema of before: it came back by itself, and could not follow', { timeout: 30_000 }, async t => {
  const before = schemaOf({})
  const { desk, asked, told, done } = scene(t, { schemas: { n1: before, n2: before, n3: before }, stubborn: 'n3', until: 'upgradeStepFailed' })
  await desk.run('ann', { convert: true })
  await done
  assert.equal(told.at(-1), 'upgradeStepFailed n1')
  assert.ok(!asked.some(one => one.startsWith('switchover')), asked.join())
})
