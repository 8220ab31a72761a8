// Clients come by two real HAProxys, whose address a real keepalived moves; the nodes have no virtual address.
import assert from 'node:assert/strict'
import { balancerHolding } from '../testbed/balancers.ts'
import { CHECK_PORT, CLUSTER_NAME, SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import { assertFailedOver, assertFollows, DEADLINE_MS, describeCluster, endAgent, NEWEST } from './scenario.ts'

const CHECK_TIMEOUT_S = '1'

/** What a load balancer hears from a node: the status, or 0 when nothing came in time. */
async function answerOf ({ exec, plan }: Testbed, node: string, path = '/active'): Promise<number> {
  const url = `http://${hostOf(plan, node).address}:${CHECK_PORT}${path}`
  const { stdout } = await exec('lb1', ['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', CHECK_TIMEOUT_S, url])
  return Number(stdout)
}

/** The rows of all clients that the server itself has, whoever may reach it. */
async function rowsOn ({ exec }: Testbed, node: string): Promise<readonly string[]> {
  const select = (database: string) => JSON.stringify([database, { op: 'select', table: 'Address_Set', where: [], columns: ['name'] }])
  const found = await Promise.all(SERVERS.map(async ({ name, database }) => {
    const { failed, stdout, stderr } = await exec(node, ['ovsdb-client', 'transact', `unix:${serverPaths(name).databaseSocket}`, select(database)])
    assert.ok(!failed, stderr)
    const [{ rows }] = JSON.parse(stdout) as [{ rows: Array<{ name: string }> }]
    return rows.map(row => `${name} ${row.name}`)
  }))
  return found.flat().sort()
}

for (const ovs of NEWEST) {
  describeCluster(`behind HAProxy and keepalived, Open vSwitch ${ovs}`, { ovs, balancers: true }, ({ testbed, scenario }) => {
    scenario('a server of the active crashes: the load balancers find the next one', { failovers: 1 }, async scene => {
      await testbed.killServer('a', 'nb')
      const to = await assertFailedOver(scene)
      assert.deepEqual([await answerOf(testbed, to), await answerOf(testbed, 'a')], [200, 503])
      await assertFollows(scene, 'a')
    })

    scenario('the active is cut off from everybody: another node serves, and the sessions to the old one end', { failovers: 1 }, async scene => {
      await testbed.cutHost('a')
      await assertFailedOver(scene)
      await testbed.healHost('a')
      await assertFollows(scene, 'a')
    })

    scenario('the agent of the active freezes: checks get no answer, and no write reaches its server any more', { failovers: 1 }, async scene => {
      await testbed.stopAgent('a')
      const to = await assertFailedOver(scene)
      assert.deepEqual([await answerOf(testbed, to), await answerOf(testbed, 'a')], [200, 0])
      const left = await rowsOn(testbed, 'a')
      await scene.clientsWrite()
      assert.deepEqual(await rowsOn(testbed, 'a'), left, 'its server is active still, and gets nothing')
      await testbed.contAgent('a')
      await assertFollows(scene, 'a')
      assert.equal(await answerOf(testbed, 'a'), 503)
    })

    scenario('a switchover loses nothing', {}, async scene => {
      const { status, body } = await (await testbed.api()).post(`/v1/clusters/${CLUSTER_NAME}/switchover`, { to: 'b' })
      assert.equal(status, 200, JSON.stringify(body))
      await scene.clientsWrite()
      assert.deepEqual([await answerOf(testbed, 'a'), await answerOf(testbed, 'b')], [503, 200])
    })

    scenario('the HAProxy that clients use dies: keepalived moves its address to the other, and nothing happens to the cluster', {}, async scene => {
      const from = await balancerHolding(testbed.plan)
      await testbed.killHaproxy(from)
      await balancerHolding(testbed.plan, name => name !== from)
      await scene.clientsWrite()
      assert.deepEqual((await scene.entries()).filter(({ operation }) => operation !== undefined), [])
      await testbed.startBalancer(from)
    })

    scenario('the load balancer that clients use loses its power', {}, async scene => {
      const from = await balancerHolding(testbed.plan)
      await testbed.powerOffHost(from)
      await balancerHolding(testbed.plan, name => name !== from)
      await scene.clientsWrite()
      await testbed.startHost(from)
    })

    scenario('backups say how they are, and that their source fell silent', { failovers: 1 }, async scene => {
      await poll(async () => await answerOf(testbed, 'b', '/backup?maxLag=30s') === 200 ? true : null, { deadlineMs: DEADLINE_MS, what: 'b to be a backup' })
      assert.deepEqual([await answerOf(testbed, 'a', '/backup'), await answerOf(testbed, 'b', '/active'), await answerOf(testbed, 'b', '/live')], [503, 503, 200])
      assert.equal(await answerOf(testbed, 'b', '/v1/clusters/ovn/report'), 404, 'nothing else is to be had there')
      await endAgent(testbed, 'a')
      assert.equal(await answerOf(testbed, 'a', '/live'), 0)
      await assertFailedOver(scene)
      await testbed.startAgent('a')
      await assertFollows(scene, 'a')
    })
  })
}
