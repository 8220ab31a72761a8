// A real Prometheus looks on while a node is lost, a server cannot start, a backup promotes itself, a majority and the controller go:
// every query of the dashboard has data, and the alerts that are about it fire.
import assert from 'node:assert/strict'
import { serverPaths } from '../testbed/cluster-file.ts'
import { controllersOf, hostOf, nodesOf } from '../testbed/plan.ts'
import { findProcess } from '../testbed/product.ts'
import { poll } from '../testbed/wait.ts'
import { dashboardQueries } from '../deploy/queries.ts'
import { startPrometheus, type PrometheusUnderTest } from './prometheus.ts'
import { assertFailedOver, DEADLINE_MS, describeCluster, NEWEST, PATIENT, type Scene } from './scenario.ts'

/** What a cluster of three may tell while it is whole and nothing happened to it. */
const HARMLESS = new Set(['info'])
const HEALTHY_SCRAPES = 10

async function watched (scene: Scene, happens: (prometheus: PrometheusUnderTest) => Promise<void>): Promise<void> {
  const { plan } = scene.testbed
  const prometheus = await startPrometheus(plan)
  try {
    const targets = [...nodesOf(plan), ...controllersOf(plan)].length
    await poll(async () => (await prometheus.healthyTargets()).length === targets ? true : null, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'every agent and controller to be scraped' })
    // an increase needs two scrapes before what it counts
    await poll(async () => ((await prometheus.query('count_over_time(ovsdb_ha_active_nodes[5m])'))[0]?.value ?? 0) >= HEALTHY_SCRAPES ? true : null, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'some scrapes while all is well' })
    await happens(prometheus)
  } finally {
    await prometheus.stop()
  }
}

async function fires (prometheus: PrometheusUnderTest, alert: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  let last = ''
  await poll(async () => {
    const firing = await prometheus.firing()
    last = firing.map(one => JSON.stringify(one)).join(' ')
    return firing.some(one => one.alertname === alert && Object.entries(labels).every(([name, value]) => one[name] === value)) ? true : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `${alert} ${JSON.stringify(labels)} to fire` }).catch((error: Error) => { throw new Error(`${error.message}; what fires: ${last}`, { cause: error }) })
}

for (const ovs of NEWEST) {
  describeCluster(`Prometheus, Open vSwitch ${ovs}`, { ovs, timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('while all is well nothing fires; the loss of the active\'s host is told, and every query of the dashboard has data through it', { failovers: 1 }, async scene => {
      await watched(scene, async prometheus => {
        assert.deepEqual((await prometheus.firing()).filter(({ severity = '' }) => !HARMLESS.has(severity)), [], 'nothing but news')
        await testbed.powerOffHost('a')
        await fires(prometheus, 'OvsdbHaAgentUnreachable', { cluster: 'ovn', node: 'a' })
        const to = await assertFailedOver(scene)
        await fires(prometheus, 'OvsdbHaFailoverHappened', { cluster: 'ovn' })
        await fires(prometheus, 'OvsdbHaDiagnosis', { diagnosis: 'deadNode', node: 'a' })
        await poll(async () => (await prometheus.query('max by (node) (ovsdb_ha_node_role{role="active"}) == 1')).map(({ metric }) => metric.node).join() === to ? true : null, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `${to} alone to be told as the active` })
        for (const { of, expr } of await dashboardQueries()) {
          const samples = await poll(async () => {
            const found = await prometheus.query(expr)
            return found.length > 0 ? found : null
          }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `data for the panel ${of}: ${expr}` })
          assert.ok(samples.some(({ value }) => !Number.isNaN(value)), `${of} has numbers`)
        }
        assert.deepEqual(await prometheus.query(`ovsdb_ha_agent_role and on (node) ovsdb_ha_agent_role{node="${to}"} unless on (cluster, node) sum by (cluster, node) (ovsdb_ha_agent_role) == 1`), [], 'a node has one role')
      })
    })

    scenario('a server that cannot start, a backup that promotes itself and a pause are told by their alerts', {}, async scene => {
      await watched(scene, async prometheus => {
        const appctl = await testbed.exec('b', ['ovs-appctl', '-t', serverPaths('nb').controlSocket, 'ovsdb-server/disconnect-active-ovsdb-server'])
        assert.ok(!appctl.failed, appctl.stderr)
        await fires(prometheus, 'OvsdbHaUnsanctionedActive', { node: 'b' })
        assert.equal((await scene.ovsdbHa('pause')).exitCode, 0)
        await fires(prometheus, 'OvsdbHaPausedLong', { cluster: 'ovn' })
        assert.equal((await scene.ovsdbHa('resume')).exitCode, 0)
        // a server that only died or froze is back before anybody needs to be told: this one cannot start
        const { databaseFile } = serverPaths('sb')
        const onC = async (...argv: readonly string[]) => {
          const { failed, stderr } = await testbed.exec('c', argv)
          assert.ok(!failed, stderr)
        }
        await onC('mv', databaseFile, `${databaseFile}.away`)
        await onC('mkdir', databaseFile)
        await testbed.killServer('c', 'sb')
        await fires(prometheus, 'OvsdbHaServerIll', { node: 'c', server: 'sb' })
        await onC('rmdir', databaseFile)
        await onC('mv', `${databaseFile}.away`, databaseFile)
      })
    })

    scenario('a lost majority is told as nobody who serves, and a controller that is gone as gone', { failovers: 2 }, async scene => {
      await watched(scene, async prometheus => {
        await testbed.powerOffHost('b')
        await testbed.powerOffHost('c')
        await fires(prometheus, 'OvsdbHaNoActive', { cluster: 'ovn' })
        await fires(prometheus, 'OvsdbHaNoAutomaticFailover', { cluster: 'ovn' })
        await fires(prometheus, 'OvsdbHaFailoverBlocked', { reason: 'noMajority' })
        await testbed.startHost('b')
        await testbed.startHost('c')
        await scene.whole()
        await testbed.killController()
        await poll(async () => await findProcess(hostOf(testbed.plan, 'ctl'), 'controller') === null ? true : null, { deadlineMs: DEADLINE_MS, what: 'the controller to be gone' })
        await fires(prometheus, 'OvsdbHaControllerGone')
        await testbed.startController()
        await poll(async () => (await prometheus.firing()).some(({ alertname }) => alertname === 'OvsdbHaControllerGone') ? null : true, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'the alert to end' })
      })
    })
  })

  describeCluster(`Prometheus, two nodes and a witness, Open vSwitch ${ovs}`, { ovs, nodes: '2+witness', timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('the loss of the only backup is told', {}, async scene => {
      await watched(scene, async prometheus => {
        await testbed.powerOffHost('b')
        await fires(prometheus, 'OvsdbHaNoBackup', { cluster: 'ovn' })
        assert.equal((await scene.view()).active, 'a')
        await testbed.startHost('b')
      })
    })
  })
}
