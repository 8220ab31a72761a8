// The agent dies or freezes, and its servers do not.
import assert from 'node:assert/strict'
import { SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { addressesIn } from '../testbed/network.ts'
import { hostOf } from '../testbed/plan.ts'
import { poll } from '../testbed/wait.ts'
import { outsidePath } from '../testbed/product.ts'
import { type Testbed } from '../testbed/testbed.ts'
import { assertFailedOver, assertFollows, DEADLINE_MS, describeCluster, endAgent, NEWEST, nodeOf, type Scene } from './scenario.ts'

const LEASE_MS = 2_000
/** So long that an agent starts within it however loaded the machine is. */
const LONG_LEASE = '15s'
/** The kernel ends an address up to half a second late (FACTS I), whole seconds only; the rest is what a loaded machine may take to look. */
const SLACK_MS = 3_000

/** Milliseconds until the kernel has taken the virtual address from the host. */
async function untilAddressIsGone ({ plan }: Testbed, name: string): Promise<number> {
  const startMs = performance.now()
  const host = hostOf(plan, name)
  await poll(async () => (await addressesIn(host.namespace)).includes(plan.vip) ? null : true, { deadlineMs: DEADLINE_MS, what: `${plan.vip} to be gone from ${name}` })
  return performance.now() - startMs
}

async function assertLeaseEnds (scene: Scene): Promise<void> {
  const [goneMs] = await Promise.all([untilAddressIsGone(scene.testbed, 'a'), assertFailedOver(scene)])
  scene.t.diagnostic(`the address was gone from a after ${Math.round(goneMs)} ms`)
  assert.ok(goneMs <= LEASE_MS + SLACK_MS, `the address stayed on a for ${goneMs} ms`)
}

for (const ovs of NEWEST) {
  describeCluster(`the agent of the active fails, Open vSwitch ${ovs}`, { ovs }, ({ testbed, scenario }) => {
    scenario('killed for good: its lease ends in the kernel, and another node serves; started again it becomes a backup', { failovers: 1 }, async scene => {
      await testbed.killAgent('a')
      await assertLeaseEnds(scene)
      await scene.until('the other follows', view => view.nodes.some(node => node.role === 'backup' && node.following === view.active && node.ineligible === null))
      await scene.status('agent-dead')
      await testbed.startAgent('a')
      await assertFollows(scene, 'a')
    })

    scenario('frozen (SIGSTOP): its lease ends in the kernel, and another node serves; thawed it becomes a backup', { failovers: 1 }, async scene => {
      await testbed.stopAgent('a')
      await assertLeaseEnds(scene)
      await testbed.contAgent('a')
      await assertFollows(scene, 'a')
    })

    scenario('a backup that promotes itself is demoted within a second and told of, and its gate was never open', { undisturbed: true }, async scene => {
      const host = hostOf(testbed.plan, 'b')
      const control = outsidePath(host, serverPaths('nb').controlSocket)
      const appctl = async (command: string) => (await testbed.exec('b', ['ovs-appctl', '-t', serverPaths('nb').controlSocket, command])).stdout
      const durations: number[] = []
      for (let turn = 0; turn < 3; turn++) {
        await scene.whole()
        await appctl('ovsdb-server/disconnect-active-ovsdb-server')
        const startMs = performance.now()
        await poll(async () => {
          assert.doesNotMatch(await appctl('ovsdb-server/list-remotes'), new RegExp(`:${SERVERS[0].port}:`), `no client reaches ${control}`)
          // 3.5 tells the state of each database
          const states = [...(await appctl('ovsdb-server/sync-status')).matchAll(/^state: (.+)$/gm)].map(([, state]) => state)
          return states.length > 0 && states.every(state => state === 'backup') ? true : null
        }, { deadlineMs: DEADLINE_MS, what: 'nb of b to be demoted' })
        durations.push(Math.round(performance.now() - startMs))
      }
      scene.t.diagnostic(`demoted after ${durations.join(', ')} ms`)
      assert.ok((durations.toSorted((x, y) => x - y)[1] ?? Infinity) <= 1_000, `demoted after ${durations.join(', ')} ms`)
      await scene.entry('b was active without the lease', ({ kind, node }) => kind === 'unsanctionedActive' && node === 'b')
      assert.equal((await scene.view()).active, 'a')
    })
  })
  describeCluster(`the agent of the active restarts, Open vSwitch ${ovs}`, { ovs, timing: { lease: LONG_LEASE } }, ({ testbed, scenario }) => {
    const pids = async () => (await testbed.status()).hosts.find(host => host.name === 'a')?.servers.map(server => server.pid)

    scenario('killed, and started again within its lease: nothing changes for anybody', { undisturbed: true }, async scene => {
      const [before, serversBefore] = [await scene.view(), await pids()]
      await endAgent(testbed, 'a')
      await testbed.startAgent('a')
      await scene.until('the new agent of a serves', view => view.state === 'serving' && nodeOf(view, 'a').reachable && nodeOf(view, 'a').role === 'active')
      await scene.clientsWrite()
      const after = await scene.whole()
      assert.equal(after.active, 'a')
      assert.equal(after.term, before.term)
      assert.deepEqual(await pids(), serversBefore)
      assert.deepEqual((await scene.entries()).filter(({ operation }) => operation !== undefined), [])
    })
  })
}
