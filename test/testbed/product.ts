// The processes on the hosts: agents, controllers and their Redis, and the ovsdb-servers that agents start.
import { chown, open } from 'node:fs/promises'
import path from 'node:path'
import { AGENT_LOG, clusterFilePath, CONTROLLER_LOG, REDIS_LOG, REDIS_PORT, SERVERS, serverPaths, tokenFilePath, type ServerName } from './cluster-file.ts'
import { TestbedError } from './command.ts'
import { IMAGE_PROGRAM, imageRoot, PRODUCT_MAIN } from './environment.ts'
import { HOST_DIRECTORY, startDaemon } from './host.ts'
import { type HostPlan, type TestbedPlan } from './plan.ts'
import { poll } from './wait.ts'
import { processesIn, signal, type HostProcess } from './processes.ts'

/** What a host runs for itself. */
export type DaemonName = 'agent' | 'controller' | 'redis'
/** A process on a host: its daemon, or one of the servers of its agent. */
export type ProcessName = DaemonName | ServerName

/** The user of the controller's image. */
const CONTROLLER_UID = 10_001
const PROCESS_DEADLINE_MS = 20_000
const LOG_TAIL_LINES = 15
const LOG_TAIL_BYTES = 8_192

const LOGS: Record<DaemonName, string> = { agent: AGENT_LOG, controller: CONTROLLER_LOG, redis: REDIS_LOG }

export function daemonOf ({ kind, name }: HostPlan): DaemonName {
  switch (kind) {
    case 'data': case 'witness': return 'agent'
    case 'controller': case 'redis': return kind
    case 'client': case 'balancer': throw new TestbedError(`host ${name} runs no daemon`)
    default: return kind satisfies never
  }
}

export async function startProduct (plan: TestbedPlan, host: HostPlan): Promise<void> {
  const name = daemonOf(host)
  if (await findProcess(host, name) !== null) throw new TestbedError(`the ${name} of ${host.name} runs already`)
  if (plan.image && name === 'controller') await Promise.all([`${host.directory}/lib`, tokenFilePath(plan)].map(file => chown(file, CONTROLLER_UID, CONTROLLER_UID)))
  await startDaemon(host, LOGS[name], argvOf(plan, host, name))
  await poll(() => findProcess(host, name), { deadlineMs: PROCESS_DEADLINE_MS, what: `the ${name} of ${host.name} to start` })
    .catch(async error => { throw new TestbedError(`${(error as Error).message}\n${await logTails([host])}`) })
}

function argvOf (plan: TestbedPlan, host: HostPlan, name: DaemonName): readonly string[] {
  const product = [...plan.image && name !== 'redis' ? imageCommand(name) : [process.execPath, PRODUCT_MAIN], name, '--config']
  switch (name) {
    // as its unit does
    case 'agent': return ['nice', '-n', '-10', ...product, clusterFilePath(plan), '--node', host.name]
    case 'controller': return [...product, clusterFilePath(plan, host)]
    // nothing is saved: one that was killed comes back empty, which is the harder case
    case 'redis': return ['redis-server', '--port', String(REDIS_PORT), '--bind', host.address, '--protected-mode', 'no', '--save', '', '--appendonly', 'no', '--set-proc-title', 'no']
    default: return name satisfies never
  }
}

/** Runs a program, `ovsdb-ha` when none is named, out of the image of a role, with that image's user. */
export function imageCommand (role: 'agent' | 'controller', argv: readonly string[] = IMAGE_PROGRAM): readonly string[] {
  return ['bash', path.join(import.meta.dirname, 'image-run.sh'), imageRoot(role), String(role === 'agent' ? 0 : CONTROLLER_UID), ...argv]
}

/** Null when it does not run. */
export async function findProcess (host: HostPlan, name: ProcessName): Promise<HostProcess | null> {
  const processes = await processesIn(host.namespace)
  return processes.find(process => process.inside && isProcess(process, name)) ?? null
}

export async function signalProcess (host: HostPlan, name: ProcessName, signalName: NodeJS.Signals): Promise<number> {
  const found = await findProcess(host, name)
  if (found === null) throw new TestbedError(`no ${name} runs on ${host.name}`)
  signal(found.pid, signalName)
  return found.pid
}

/** Which of the product's processes this is; null for anything else, also for what starts one of them. */
export function processNameOf (process: HostProcess): ProcessName | null {
  return (['agent', 'controller', 'redis', ...SERVERS.map(server => server.name)] as const).find(name => isProcess(process, name)) ?? null
}

function isProcess ({ argv }: HostProcess, name: ProcessName): boolean {
  if (name === 'agent' || name === 'controller') return [[process.execPath, PRODUCT_MAIN], IMAGE_PROGRAM].some(([program, main]) => argv[0] === program && argv[1] === main) && argv[2] === name
  if (name === 'redis') return path.basename(argv[0] ?? '') === 'redis-server'
  const starter = ['nsenter', 'timeout', 'setsid', 'sh'].includes(path.basename(argv[0] ?? ''))
  const runsServer = argv.slice(0, 4).some(argument => path.basename(argument) === 'ovsdb-server')
  return !starter && runsServer && argv.some(argument => argument.endsWith(serverPaths(name).controlSocket))
}

/** Where a file of a host is for the root namespace. */
export function outsidePath (host: HostPlan, insidePath: string): string {
  return path.join(host.directory, path.relative(HOST_DIRECTORY, insidePath))
}

export function logFileOf (host: HostPlan): string {
  return outsidePath(host, LOGS[daemonOf(host)])
}

/** The last lines of the hosts' own logs, for a message that says why something did not come up. */
export async function logTails (hosts: readonly HostPlan[]): Promise<string> {
  const tails = await Promise.all(hosts.filter(({ kind }) => kind !== 'client' && kind !== 'balancer').map(async host => {
    const file = logFileOf(host)
    const running = await findProcess(host, daemonOf(host)) !== null
    return `--- ${daemonOf(host)} of ${host.name}${running ? '' : ' (not running)'}: ${file}\n${await tailOf(file)}`
  }))
  return tails.join('\n')
}

async function tailOf (file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(LOG_TAIL_BYTES), position: Math.max(0, size - LOG_TAIL_BYTES) })
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n').trimStart()
  } catch (error) {
    return `(no log: ${(error as Error).message})`
  }
}
