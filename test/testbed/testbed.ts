// A testbed: real servers, agents and controllers on several hosts of one machine, and the faults that happen to them.
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import type { ClusterView } from '../../protocol/api.ts'
import { requireConfig } from '../../protocol/config.ts'
import { SCHEMA_FILES } from '../../protocol/config-schema.ts'
import { signalBalancer, startBalancer, startBalancers } from './balancers.ts'
import { makeCertificates } from './certificates.ts'
import { clusterFile, clusterFilePath, REDIS_PORT, schemaPath, SERVERS, tokenFilePath, type ServerName } from './cluster-file.ts'
import { command, TestbedError } from './command.ts'
import { whatIsMissing, type ControllerApi } from './controller-api.ts'
import { connectControllers } from './controllers-api.ts'
import { ovsdbServerProgram } from './environment.ts'
import { execOn, killHostProcesses, startInit, type ExecResult } from './host.ts'
import { INSTALLED_SERVER, installOvs } from './installed-ovs.ts'
import { configureInterfaces, createNetwork, cut, heal, wipeInterfaces, type CutDirection } from './network.ts'
import { startObserver, type Observer } from './observer.ts'
import { resolveOptions, type ResolvedOptions, type TestbedOptions } from './options.ts'
import { controllersOf, dataHostsOf, hostOf, nodesOf, planTestbed, redisHostsOf, type HostPlan, type TestbedPlan } from './plan.ts'
import { installPowerSwitch } from './power-switch.ts'
import { startProbe, type ProbeReport, type ProbeRun } from './probe.ts'
import { daemonOf, findProcess, logTails, signalProcess, startProduct, type ProcessName } from './product.ts'
import { isMounted, removeTestbed } from './remove.ts'
import { isHeldByAnother, readState, thisRunner, writeState } from './state.ts'
import { readStatus, type TestbedStatus } from './status.ts'
import { poll } from './wait.ts'

const SERVING_DEADLINE_MS = 120_000
const EXEC_TIMEOUT_MS = 30_000
const REDIS_TIMEOUT_MS = 2_000

export interface UpOptions {
  /** Start agents and the controller, and wait until the cluster serves; true when absent. */
  readonly product?: boolean
  /** The testbed outlives this process, and a later `up` may replace it. */
  readonly leave?: boolean
  /** Leave it as it is when it does not come up, to look into. */
  readonly keepFailed?: boolean
  /** Ends `up` early: it then removes what it has built, and rejects. */
  readonly signal?: AbortSignal
}

export interface Testbed {
  readonly plan: TestbedPlan
  readonly options: ResolvedOptions
  /** Removes what is left of an earlier testbed of this index, and brings this one up. Cleans up after itself when it fails. */
  up: (options?: UpOptions) => Promise<void>
  /** Leaves nothing behind; does nothing when there is nothing. */
  down: () => Promise<void>
  status: () => Promise<TestbedStatus>
  /** Resolves when the cluster serves and every data node that runs could take over; rejects with the logs' last lines. */
  waitUntilServing: (deadlineMs?: number) => Promise<ClusterView>
  /** Asks the controller until its view of the cluster satisfies the condition. */
  waitForView: (what: string, condition: (view: ClusterView) => boolean, deadlineMs?: number) => Promise<ClusterView>
  readonly api: () => Promise<ControllerApi>

  /** Each resolves to the process id that was signalled. */
  killServer: (host: string, server: ServerName) => Promise<number>
  stopServer: (host: string, server: ServerName) => Promise<number>
  contServer: (host: string, server: ServerName) => Promise<number>
  killAgent: (host: string) => Promise<number>
  stopAgent: (host: string) => Promise<number>
  contAgent: (host: string) => Promise<number>
  /** `host` is the first controller's, `ctl`, when absent. */
  killController: (host?: string) => Promise<number>
  stopController: (host?: string) => Promise<number>
  contController: (host?: string) => Promise<number>
  killRedis: (host: string) => Promise<number>
  stopRedis: (host: string) => Promise<number>
  contRedis: (host: string) => Promise<number>
  /** FLUSHALL: it forgets everything. */
  flushRedis: (host: string) => Promise<void>
  startAgent: (host: string) => Promise<void>
  startController: (host?: string) => Promise<void>
  startRedis: (host: string) => Promise<void>
  /** On a load balancer's host. */
  killHaproxy: (host: string) => Promise<void>
  /** Starts what does not run there of HAProxy and keepalived. */
  startBalancer: (host: string) => Promise<void>

  cutHost: (host: string, direction?: CutDirection) => Promise<void>
  healHost: (host: string) => Promise<void>
  /** Nothing of the host runs or answers from here on; its disk stays. */
  powerOffHost: (host: string) => Promise<void>
  /** Boots the host: with the addresses that it has at boot, no packet filter, and its daemon. */
  startHost: (host: string, options?: { product?: boolean }) => Promise<void>
  /** Replaces the programs of a `replaceable` host; what runs goes on as it is. */
  installOvs: (host: string, ovs: '3.1' | '3.5') => Promise<void>
  exec: (host: string, argv: readonly string[], options?: { timeoutMs?: number }) => Promise<ExecResult>

  /** `target` is the Northbound database through the virtual address when absent. */
  probe: (options?: { target?: string, args?: readonly string[] }) => ProbeRun<ProbeReport>
  observe: (options?: { everyMs?: number }) => Promise<Observer>
}

export function createTestbed (given: TestbedOptions): Testbed {
  const options = resolveOptions(given)
  const plan = planTestbed(options.index, options)
  let api: Promise<ControllerApi> | null = null
  const connected = () => {
    api ??= connectControllers(plan, options)
    return api
  }
  const closeApi = async () => {
    const open = api
    api = null
    await open?.then(controller => controller.close(), () => { /* it was never open */ })
  }
  const down = async () => {
    await closeApi()
    await removeTestbed(plan.index)
  }
  const waitForView = (what: string, condition: (view: ClusterView) => boolean, deadlineMs = SERVING_DEADLINE_MS) =>
    waitFor(plan, connected, view => condition(view) ? '' : `${what}; the cluster is ${view.state}: ${view.summary}`, { deadlineMs })
  const waitUntilServing = (deadlineMs = SERVING_DEADLINE_MS) => waitFor(plan, connected, whatIsMissing, { deadlineMs })
  const on = (name: string) => hostOf(plan, name)
  return {
    plan,
    options,
    up: async ({ product = true, leave = false, keepFailed = false, signal } = {}) => {
      await refuseIfHeld(plan.index)
      await down()
      try {
        await buildHosts(plan, options)
        signal?.throwIfAborted()
        if (product) {
          const hosts = [...nodesOf(plan), ...controllersOf(plan)]
          await Promise.all(redisHostsOf(plan).map(host => startProduct(plan, host)))
          await Promise.all(hosts.map(host => startProduct(plan, host)))
          await waitFor(plan, connected, whatIsMissing, { deadlineMs: SERVING_DEADLINE_MS, mustRun: hosts, signal })
          await startBalancers(plan)
        }
        if (leave) await writeState({ options, runner: null })
      } catch (error) {
        if (keepFailed && signal?.aborted !== true) await writeState({ options, runner: null })
        else await down()
        throw error
      }
    },
    down,
    status: () => readStatus(plan, options),
    waitUntilServing,
    waitForView,
    api: connected,
    ...processFaults(plan),
    ...hostFaults(plan),
    installOvs: (host, ovs) => installOvs(on(host), ovs),
    exec: (host, argv, { timeoutMs = EXEC_TIMEOUT_MS } = {}) => execOn(on(host), argv, timeoutMs),
    probe: ({ target = `${plan.vip}:${SERVERS[0].port}`, args = [] } = {}) => startProbe(plan, target, args),
    observe: observerOptions => startObserver(plan, options, observerOptions)
  }
}

/** The running testbed of this index, whoever brought it up. */
export async function openTestbed (index: number): Promise<Testbed> {
  const state = await readState(index)
  if (state === null) throw new TestbedError(`testbed ${index} is not up`)
  return createTestbed(state.options)
}

function processFaults (plan: TestbedPlan) {
  const send = (name: NodeJS.Signals) => (host: string, process: ProcessName) => signalProcess(hostOf(plan, host), process, name)
  const [kill, stop, cont] = [send('SIGKILL'), send('SIGSTOP'), send('SIGCONT')]
  return {
    killServer: kill,
    stopServer: stop,
    contServer: cont,
    killAgent: (host: string) => kill(host, 'agent'),
    stopAgent: (host: string) => stop(host, 'agent'),
    contAgent: (host: string) => cont(host, 'agent'),
    killController: (host = 'ctl') => kill(host, 'controller'),
    stopController: (host = 'ctl') => stop(host, 'controller'),
    contController: (host = 'ctl') => cont(host, 'controller'),
    killRedis: (host: string) => kill(host, 'redis'),
    stopRedis: (host: string) => stop(host, 'redis'),
    contRedis: (host: string) => cont(host, 'redis'),
    flushRedis: async (name: string) => {
      const host = hostOf(plan, name)
      const { stdout, stderr } = await execOn(host, ['redis-cli', '-h', host.address, '-p', String(REDIS_PORT), 'flushall'], REDIS_TIMEOUT_MS)
      if (stdout.trim() !== 'OK') throw new TestbedError(`${name} was not flushed: ${stdout}${stderr}`)
    },
    startAgent: (host: string) => startProduct(plan, hostOf(plan, host)),
    startController: (host = 'ctl') => startProduct(plan, hostOf(plan, host)),
    startRedis: (host: string) => startProduct(plan, hostOf(plan, host)),
    killHaproxy: (host: string) => signalBalancer(plan, host, 'haproxy', 'SIGKILL'),
    startBalancer: (host: string) => startBalancer(plan, hostOf(plan, host))
  }
}

function hostFaults (plan: TestbedPlan) {
  return {
    cutHost: (name: string, direction: CutDirection = 'both') => cut(plan, hostOf(plan, name), direction),
    healHost: (name: string) => heal(plan, hostOf(plan, name)),
    powerOffHost: async (name: string) => {
      const host = hostOf(plan, name)
      // the cable first: a machine without power does not close its connections
      await cut(plan, host, 'both')
      await killHostProcesses(host)
      await wipeInterfaces(host)
    },
    startHost: async (name: string, { product = true }: { product?: boolean } = {}) => {
      const host = hostOf(plan, name)
      await startInit(plan, host)
      await configureInterfaces(plan, host)
      await heal(plan, host)
      if (host.kind === 'balancer') await startBalancer(plan, host)
      else if (product && host.kind !== 'client') await startProduct(plan, host)
    }
  }
}

async function refuseIfHeld (index: number): Promise<void> {
  const state = await readState(index)
  if (state !== null && await isHeldByAnother(state)) {
    throw new TestbedError(`testbed ${index} is in use by process ${state.runner?.pid}: choose another index, or bring it down first`)
  }
}

async function buildHosts (plan: TestbedPlan, options: ResolvedOptions): Promise<void> {
  await mkdir(plan.directory, { recursive: true })
  if (!await isMounted(plan.directory)) await command('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'ovsdb-ha-testbed', plan.directory])
  await writeState({ options, runner: await thisRunner() })
  await Promise.all([mkdir(`${plan.directory}/mountpoint`), mkdir(plan.sharedDirectory)])
  await createNetwork(plan)
  await writeFile(tokenFilePath(plan), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  if (options.ssl || options.tls) await makeCertificates(plan)
  for (const controller of controllersOf(plan)) {
    const file = clusterFilePath(plan, controller)
    const text = stringify(clusterFile(plan, options, options.replaceable ? [INSTALLED_SERVER] : ovsdbServerProgram(options.ovs), controller))
    requireConfig(text, file)
    await writeFile(file, text)
  }
  if (options.fence) await installPowerSwitch(plan)
  if (options.diskMegabytes !== null) await mountDisks(plan, options.diskMegabytes)
  if (options.replaceable) await installAll(plan, options.ovs)
  await Promise.all(plan.hosts.map(host => startInit(plan, host)))
}

async function installAll (plan: TestbedPlan, ovs: '3.1' | '3.5'): Promise<void> {
  for (const host of dataHostsOf(plan)) await installOvs(host, ovs)
  for (const { name, database } of SERVERS) await copyFile(SCHEMA_FILES[database] ?? '', schemaPath(plan, name))
}

/** Beneath the testbed's own mount, with which they go. */
async function mountDisks (plan: TestbedPlan, megabytes: number): Promise<void> {
  for (const { directory } of dataHostsOf(plan)) {
    await mkdir(`${directory}/lib`, { recursive: true })
    await command('mount', ['-t', 'tmpfs', '-o', `mode=755,size=${megabytes}m`, 'ovsdb-ha-testbed', `${directory}/lib`])
  }
}

interface WaitOptions {
  readonly deadlineMs: number
  /** Hosts whose daemon ends the wait at once when it does not run (any more); without any, the end of all controllers does. */
  readonly mustRun?: readonly HostPlan[]
  readonly signal?: AbortSignal | undefined
}

/** `missing` says what the view still lacks, and nothing when it is as wanted. */
async function waitFor (plan: TestbedPlan, connect: () => Promise<ControllerApi>, missing: (view: ClusterView) => string, options: WaitOptions): Promise<ClusterView> {
  const { deadlineMs, mustRun = null, signal } = options
  let last = 'the controller did not answer'
  const controller = await connect()
  const ask = async () => {
    signal?.throwIfAborted()
    const view = await controller.cluster().catch((error: Error) => { last = `the controller does not answer: ${error.message}` })
    if (view !== undefined) last = missing(view)
    if (view !== undefined && last === '') return view
    const hosts = mustRun ?? controllersOf(plan)
    const ended = (await Promise.all(hosts.map(async host => await findProcess(host, daemonOf(host)) === null ? [host] : []))).flat()
    const [first] = mustRun !== null || ended.length === hosts.length ? ended : []
    if (first !== undefined) throw new TestbedError(`the ${daemonOf(first)} of ${first.name} ended`)
    return null
  }
  return await poll(ask, { deadlineMs, everyMs: 50, what: 'the cluster' }).catch(async error => {
    if (signal?.aborted === true) throw error
    const hosts = [...nodesOf(plan), ...controllersOf(plan)]
    throw new TestbedError(`${(error as Error).message}: ${last}\n${await logTails(hosts)}`, { cause: error })
  })
}
