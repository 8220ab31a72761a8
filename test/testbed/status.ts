import { readFile } from 'node:fs/promises'
import { AGENT_LOG, CLUSTER_NAME, clusterFilePath, controllerUrl, REDIS_PORT, SERVERS, serverPaths, tokenFilePath, vipAddresses } from './cluster-file.ts'
import { command } from './command.ts'
import type { ClusterView } from '../../protocol/api.ts'
import { connectController } from './controller-api.ts'
import { initOf } from './host.ts'
import { addressesIn } from './network.ts'
import { type ResolvedOptions } from './options.ts'
import { controllersOf, hostOf, nodesOf, redisHostsOf, type HostPlan, type TestbedPlan } from './plan.ts'
import { processesIn } from './processes.ts'
import { logFileOf, outsidePath, processNameOf } from './product.ts'

const VIEW_TIMEOUT_MS = 3_000

/** Everything that an outside check needs. Paths are the root namespace's. */
export type TestbedStatus = Awaited<ReturnType<typeof readStatus>>

export async function readStatus (plan: TestbedPlan, options: ResolvedOptions) {
  const token = (await readFile(tokenFilePath(plan), 'utf8')).trim()
  const controllers = await Promise.all(controllersOf(plan).map(async host => ({ host, view: await viewOf(plan, options, host) })))
  const view = (controllers.find(one => one.view?.controller.leads === true) ?? controllers.find(one => one.view !== null))?.view ?? null
  const vips = vipAddresses(plan, options)
  const client = hostOf(plan, 'client')
  return {
    index: plan.index,
    directory: plan.directory,
    clusterFile: clusterFilePath(plan),
    cluster: CLUSTER_NAME,
    ovs: options.ovs,
    state: view?.state ?? null,
    active: view?.active ?? null,
    hosts: await Promise.all(nodesOf(plan).map(host => nodeStatus(host, vips, view?.nodes.find(node => node.name === host.name)?.role ?? null))),
    vips,
    clientPorts: Object.fromEntries(SERVERS.map(server => [server.name, server.port])),
    client: { namespace: client.namespace, address: client.address },
    controllers: await Promise.all(controllers.map(async ({ host, view }) => ({
      name: host.name,
      namespace: host.namespace,
      address: host.address,
      url: controllerUrl(options, host),
      pid: (await processIds(host)).get('controller') ?? null,
      /** Clusters that it leads; null when it does not answer. */
      leads: view === null ? null : view.controller.leads ? [view.name] : [],
      /** Whom it follows otherwise. */
      follows: view?.controller.leader?.name ?? null,
      clusterFile: clusterFilePath(plan, host),
      log: logFileOf(host),
      tokenFile: tokenFilePath(plan),
      token
    }))),
    redis: await Promise.all(redisHostsOf(plan).map(async host => ({
      name: host.name,
      namespace: host.namespace,
      address: host.address,
      port: REDIS_PORT,
      pid: (await processIds(host)).get('redis') ?? null,
      log: logFileOf(host)
    })))
  }
}

async function nodeStatus (host: HostPlan, vips: readonly string[], role: string | null) {
  const [processes, addresses, init] = await Promise.all([processIds(host), addressesIn(host.namespace), initOf(host)])
  return {
    name: host.name,
    namespace: host.namespace,
    address: host.address,
    on: init !== null,
    /** The first process, to enter the host: nsenter --target PID --net --mount --pid. */
    initPid: init?.pid ?? null,
    /** As the controller tells it; null when it does not answer. */
    role,
    holdsVips: vips.filter(vip => addresses.includes(vip)),
    agent: { pid: processes.get('agent') ?? null, log: outsidePath(host, AGENT_LOG) },
    servers: host.kind === 'witness'
      ? []
      : await Promise.all(SERVERS.map(async server => {
        const { controlSocket, databaseSocket, databaseFile, logFile } = serverPaths(server.name)
        const pid = processes.get(server.name) ?? null
        return {
          name: server.name,
          pid,
          /** As the server tells it. */
          state: pid === null ? null : await serverState(outsidePath(host, controlSocket)),
          controlSocket: outsidePath(host, controlSocket),
          databaseSocket: outsidePath(host, databaseSocket),
          databaseFile: outsidePath(host, databaseFile),
          log: outsidePath(host, logFile)
        }
      }))
  }
}

async function processIds (host: HostPlan): Promise<ReadonlyMap<string, number>> {
  const processes = (await processesIn(host.namespace)).filter(process => process.inside)
  return new Map(processes.flatMap(process => {
    const name = processNameOf(process)
    return name === null ? [] : [[name, process.pid]]
  }))
}

async function serverState (controlSocket: string): Promise<string> {
  const reply = await command('ovs-appctl', ['--timeout=2', '-t', controlSocket, 'ovsdb-server/sync-status']).catch((error: Error) => `state: unknown (${error.message})`)
  return /^state: (.+)$/m.exec(reply)?.[1] ?? 'unknown'
}

/** Null when the controller does not answer; that is a state that a testbed may be in. */
async function viewOf (plan: TestbedPlan, options: ResolvedOptions, host: HostPlan): Promise<ClusterView | null> {
  const api = await connectController(plan, options, host, VIEW_TIMEOUT_MS)
  return await api.cluster().catch(() => null).finally(() => api.close())
}
