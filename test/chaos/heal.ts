// Makes the testbed whole: whatever a fault did, and whatever undid it, everything is on, connected, running and not frozen.
import { rm } from 'node:fs/promises'
import { CLUSTER_NAME, SERVERS } from '../testbed/cluster-file.ts'
import { whatIsMissing } from '../testbed/controller-api.ts'
import { TestbedError } from '../testbed/command.ts'
import { initOf } from '../testbed/host.ts'
import { hostOf, type HostPlan } from '../testbed/plan.ts'
import { daemonOf, findProcess, signalProcess } from '../testbed/product.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import type { ClusterView } from '../../protocol/api.ts'

const HEAL_DEADLINE_MS = 30_000

/** The testbed's part; the cluster's own recovery is what comes after it. */
export async function heal (testbed: Testbed, interrupt: AbortSignal): Promise<void> {
  for (const host of testbed.plan.hosts.filter(({ kind }) => kind !== 'client')) {
    let last = ''
    await poll(async () => {
      interrupt.throwIfAborted()
      try {
        await healHost(testbed, host)
        return true
      } catch (error) {
        // a process ended between two looks, say: look again
        if (!(error instanceof TestbedError)) throw error
        last = error.message
        return null
      }
    }, { deadlineMs: HEAL_DEADLINE_MS, everyMs: 100, what: `host ${host.name} to be healed` }).catch((error: Error) => { throw new TestbedError(`${error.message}: ${last}`) })
  }
}

async function healHost (testbed: Testbed, host: HostPlan): Promise<void> {
  const { name, kind, directory } = host
  await rm(`${directory}/lib/chaos-fill`, { force: true })
  if (await initOf(host) === null) return await testbed.startHost(name)
  await testbed.healHost(name)
  const daemon = daemonOf(host)
  for (const process of [daemon, ...kind === 'data' ? SERVERS.map(server => server.name) : []]) {
    // frozen or not: to go on does no harm
    if (await findProcess(host, process) !== null) await signalProcess(host, process, 'SIGCONT')
  }
  if (kind === 'data') await testbed.exec(name, ['nft', 'add table inet chaos; delete table inet chaos'])
  if (await findProcess(host, daemon) === null) await testbed.startAgent(name)
}

/** Resolves to how long it took until every node serves or follows, and one alone holds the address. */
export async function converge (testbed: Testbed, boundMs: number): Promise<{ readonly tookMs: number, readonly view: ClusterView }> {
  const startMs = performance.now()
  await resume(testbed, boundMs)
  let last = ''
  const view = await testbed.waitForView('the cluster to be whole', view => {
    last = unconverged(testbed, view)
    return last === ''
  }, boundMs).catch((error: Error) => { throw new TestbedError(`${last}: ${error.message}`, { cause: error }) })
  return { tookMs: performance.now() - startMs, view }
}

function unconverged ({ plan }: Testbed, view: ClusterView): string {
  const missing = whatIsMissing(view)
  if (missing !== '') return missing
  const wrong = view.endpoints.find(({ holders }) => holders.join() !== view.active)
  if (wrong !== undefined) return `${wrong.address} is held by ${wrong.holders.join(' and ') || 'nobody'}, and ${view.active} is active`
  const silent = view.nodes.find(node => !node.reachable && hostOf(plan, node.name).kind !== 'client')
  return silent === undefined ? '' : `${silent.name} does not report`
}

async function resume (testbed: Testbed, boundMs: number): Promise<void> {
  const view = await testbed.waitForView('a controller to lead', ({ controller }) => controller.leads, boundMs)
  if (view.paused !== null) await (await testbed.api()).post(`/v1/clusters/${CLUSTER_NAME}/resume`)
}
