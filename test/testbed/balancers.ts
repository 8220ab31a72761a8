// Two load balancers before the cluster: the delivered haproxy.cfg and keepalived.conf, with the testbed's addresses.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CLUSTER_NAME } from './cluster-file.ts'
import { TestbedError } from './command.ts'
import { HOST_DIRECTORY, startDaemon } from './host.ts'
import { addressesIn } from './network.ts'
import { balancersOf, dataHostsOf, hostOf, type HostPlan, type TestbedPlan } from './plan.ts'
import { processesIn, signal } from './processes.ts'
import { poll } from './wait.ts'

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy')
/** The files as they are delivered. */
export const HAPROXY_FILE = path.join(DEPLOY, 'haproxy/haproxy.cfg')
export const KEEPALIVED_FILE = path.join(DEPLOY, 'keepalived/keepalived.conf')
const START_DEADLINE_MS = 30_000

export type BalancerProgram = 'haproxy' | 'keepalived'

/** What stands in the delivered files for the address that clients dial, the nodes and the load balancers. */
const EXAMPLE = { clients: '192.0.2.20', nodes: ['192.0.2.11', '192.0.2.12', '192.0.2.13'], balancers: ['192.0.2.21', '192.0.2.22'] } as const

/** haproxy.cfg for these nodes; lines about nodes of the example that are not there go. */
export function haproxyConfig (example: string, plan: TestbedPlan): string {
  const nodes = dataHostsOf(plan).map(({ address }) => address)
  const lines = example.split('\n').filter(line => !EXAMPLE.nodes.slice(nodes.length).some(address => line.includes(` ${address}:`)))
  return exchanged(lines.join('\n'), [[EXAMPLE.clients, plan.vip], ...EXAMPLE.nodes.slice(0, nodes.length).map((address, index) => [address, nodes[index]!] as const)])
}

/** keepalived.conf for one of the two: the second has the other's addresses the other way round, and a lower priority. */
export function keepalivedConfig (example: string, plan: TestbedPlan, self: HostPlan): string {
  const balancers = balancersOf(plan)
  const order = [self, ...balancers.filter(host => host !== self)].map(({ address }) => address)
  const text = exchanged(example, [[EXAMPLE.clients, plan.vip], ...EXAMPLE.balancers.map((address, index) => [address, order[index]!] as const)])
  return exchanged(text, [['router_id balancer1', `router_id ${self.name}`], ['priority 100', `priority ${100 - balancers.indexOf(self)}`]])
}

/** Every text that is to be exchanged must be there: a delivered file that changed would otherwise be tested no more. */
function exchanged (text: string, pairs: ReadonlyArray<readonly [string, string]>): string {
  return pairs.reduce((changed, [from, to]) => {
    const pattern = new RegExp(`${from.replaceAll('.', '\\.')}(?!\\d)`, 'g')
    if (!pattern.test(changed)) throw new TestbedError(`the delivered file does not say ${from} any more`)
    return changed.replaceAll(pattern, to)
  }, text)
}

/** Starts what does not run of both programs on the host. */
export async function startBalancer (plan: TestbedPlan, host: HostPlan): Promise<void> {
  const files = { haproxy: `${plan.sharedDirectory}/haproxy-${host.name}.cfg`, keepalived: `${plan.sharedDirectory}/keepalived-${host.name}.conf` }
  await writeFile(files.haproxy, haproxyConfig(await readFile(HAPROXY_FILE, 'utf8'), plan))
  await writeFile(files.keepalived, keepalivedConfig(await readFile(KEEPALIVED_FILE, 'utf8'), plan, host), { mode: 0o600 })
  const log = (program: BalancerProgram) => `${HOST_DIRECTORY}/log/${program}.log`
  if (await findBalancer(host, 'haproxy') === null) await startDaemon(host, log('haproxy'), ['haproxy', '-db', '-f', files.haproxy])
  if (await findBalancer(host, 'keepalived') === null) await startDaemon(host, log('keepalived'), ['keepalived', '--dont-fork', '--log-console', '--use-file', files.keepalived])
  for (const program of ['haproxy', 'keepalived'] as const) {
    await poll(() => findBalancer(host, program), { deadlineMs: START_DEADLINE_MS, what: `${program} of ${host.name} to run: see its log in ${host.directory}/log` })
  }
}

export async function startBalancers (plan: TestbedPlan): Promise<void> {
  await Promise.all(balancersOf(plan).map(host => startBalancer(plan, host)))
  if (balancersOf(plan).length > 0) await balancerHolding(plan)
}

/** The process id; null when it does not run. Of keepalived the parent, which is the first. */
async function findBalancer (host: HostPlan, program: BalancerProgram): Promise<number | null> {
  const found = (await processesIn(host.namespace)).filter(({ inside, argv }) => inside && path.basename(argv[0] ?? '') === program)
  return found.length === 0 ? null : Math.min(...found.map(({ pid }) => pid))
}

export async function signalBalancer (plan: TestbedPlan, name: string, program: BalancerProgram, signalName: NodeJS.Signals): Promise<void> {
  const pid = await findBalancer(hostOf(plan, name), program)
  if (pid === null) throw new TestbedError(`no ${program} runs on ${name}`)
  signal(pid, signalName)
}

/** Resolves to the one load balancer that has the clients' address, when it is one. */
export async function balancerHolding (plan: TestbedPlan, which: (name: string) => boolean = () => true): Promise<string> {
  return await poll(async () => {
    const holders = await Promise.all(balancersOf(plan).map(async host => (await addressesIn(host.namespace)).includes(plan.vip) ? [host.name] : []))
    const [first, second] = holders.flat()
    return first !== undefined && second === undefined && which(first) ? first : null
  }, { deadlineMs: START_DEADLINE_MS, what: `one load balancer of ${CLUSTER_NAME} to have ${plan.vip}` })
}
