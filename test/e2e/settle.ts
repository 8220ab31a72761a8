// Brings a testbed back to where every scenario begins: no fault, everything runs, all data nodes but one follow the active.
import { CLUSTER_NAME, SERVERS } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import { initOf } from '../testbed/host.ts'
import { balancersOf, nodesOf } from '../testbed/plan.ts'
import { type Testbed } from '../testbed/testbed.ts'

/** A cluster that a failed scenario left in pieces is given up after this long, and built anew. */
const SETTLE_DEADLINE_MS = 15_000

export async function settle (testbed: Testbed, active: string): Promise<void> {
  try {
    await wholeAgain(testbed)
    await activeIs(testbed, active, SETTLE_DEADLINE_MS)
  } catch {
    // what the scenario before this one broke is that one's failure, and not this one's
    await testbed.up()
    await activeIs(testbed, active)
  }
}

async function activeIs (testbed: Testbed, active: string, deadlineMs?: number): Promise<void> {
  const view = await testbed.waitUntilServing(deadlineMs)
  // nobody is locked out for what an earlier scenario did; 409: nobody was
  const acknowledged = await (await testbed.api()).post(`/v1/clusters/${CLUSTER_NAME}/acknowledge`)
  if (acknowledged.status !== 200 && acknowledged.status !== 409) throw new TestbedError(`no acknowledgement: ${JSON.stringify(acknowledged.body)}`)
  if (view.active === active) return
  const { status, body } = await (await testbed.api()).post(`/v1/clusters/${CLUSTER_NAME}/switchover`, { to: active })
  if (status !== 200) throw new TestbedError(`no switchover to ${active}: ${JSON.stringify(body)}`)
  const after = await testbed.waitUntilServing(deadlineMs)
  if (after.active !== active) throw new TestbedError(`${after.active} is active instead of ${active}`)
}

/** Undoes every fault: cables, power, frozen or dead processes, a pause. The cluster may take its time. */
export async function wholeAgain (testbed: Testbed): Promise<void> {
  const { hosts, controllers, redis } = await testbed.status()
  for (const { name } of nodesOf(testbed.plan)) {
    const host = hosts.find(one => one.name === name)
    if (host?.on === false) {
      await testbed.startHost(name)
      continue
    }
    await testbed.healHost(name)
    for (const server of host?.servers ?? []) {
      // the agent may just have replaced it
      if (server.pid !== null) await testbed.contServer(name, SERVERS.find(one => one.name === server.name)!.name).catch(ignoreGone)
    }
    if (host?.agent.pid === null) await testbed.startAgent(name)
    else await testbed.contAgent(name).catch(ignoreGone)
  }
  for (const { name, pid } of redis) {
    await testbed.healHost(name)
    if (pid === null) await testbed.startRedis(name)
    else await testbed.contRedis(name).catch(ignoreGone)
  }
  for (const { name, pid } of controllers) {
    await testbed.healHost(name)
    if (pid === null) await testbed.startController(name)
    else await testbed.contController(name).catch(ignoreGone)
  }
  for (const host of balancersOf(testbed.plan)) {
    if (await initOf(host) === null) await testbed.startHost(host.name)
    await testbed.healHost(host.name)
    await testbed.startBalancer(host.name)
  }
  const api = await testbed.api()
  const view = await testbed.waitForView('a controller to lead', ({ controller }) => controller.leads)
  if (view.paused !== null) await api.post(`/v1/clusters/${CLUSTER_NAME}/resume`)
}

function ignoreGone (error: Error): void {
  if (!(error instanceof TestbedError)) throw error
}
