// A host is, on top of its network namespace, a first process with mount, host name and pid namespaces of its own: killing
// that one is a power cut for all others.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { access, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { TestbedError } from './command.ts'
import { namespacePath } from './network.ts'
import { type HostPlan, type TestbedPlan } from './plan.ts'
import { poll } from './wait.ts'
import { killAll, processesIn, type HostProcess } from './processes.ts'

/** Environment of everything that runs on a host: nothing of the runner's (NODE_OPTIONS, NODE_TEST_CONTEXT) gets in. */
export const HOST_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' }

/** The host's side of `HostPlan.directory`. */
export const HOST_DIRECTORY = '/run/ovsdb-ha'
const HOST_START_DEADLINE_MS = 20_000
/** First argument of every host's first process; the second is the testbed's directory. */
export const INIT_SCRIPT = path.join(import.meta.dirname, 'host-init.sh')

/** Starts the host's first process, with a private /run that holds the host's own files and the shared ones. */
export async function startInit (plan: TestbedPlan, host: HostPlan): Promise<void> {
  if (await initOf(host) !== null) throw new TestbedError(`host ${host.name} runs already`)
  await Promise.all(['run', 'lib', 'log'].map(name => mkdir(`${host.directory}/${name}`, { recursive: true })))
  await rm(`${host.directory}/up`, { force: true })
  const log = openSync(`${host.directory}/log/init.log`, 'a')
  const namespaces = ['--mount', '--propagation', 'private', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc']
  const child = spawn('nsenter', [
    `--net=${namespacePath(host.namespace)}`,
    'unshare', ...namespaces, 'bash', INIT_SCRIPT, plan.directory, host.name, plan.sharedDirectory
  ], { cwd: '/', detached: true, stdio: ['ignore', log, log], env: HOST_ENVIRONMENT })
  closeSync(log)
  let spawnError: Error | null = null
  child.on('error', error => { spawnError = error })
  child.unref()
  await poll(async () => {
    if (spawnError !== null) throw new TestbedError(`could not start host ${host.name}`, { cause: spawnError })
    if (child.exitCode !== null) throw new TestbedError(`host ${host.name} did not start: see ${host.directory}/log/init.log`)
    return await access(`${host.directory}/up`).then(() => true, () => null)
  }, { deadlineMs: HOST_START_DEADLINE_MS, what: `host ${host.name} to start` })
}

/** The host's first process, null when the host is off. */
export async function initOf (host: HostPlan): Promise<HostProcess | null> {
  return (await processesIn(host.namespace)).find(process => process.inside && process.insidePid === 1) ?? null
}

/** Ends every process of the host at once; those that only watch from its network namespace stay. */
export async function killHostProcesses (host: HostPlan): Promise<void> {
  await killAll([host.namespace], process => process.inside)
}

/** The command line that runs a program on the host, from the root namespace. */
export async function enter (host: HostPlan, argv: readonly string[]): Promise<readonly string[]> {
  const init = await initOf(host)
  if (init === null) throw new TestbedError(`host ${host.name} is off`)
  return ['nsenter', '--target', String(init.pid), '--net', '--mount', '--uts', '--ipc', '--pid', '--', ...argv]
}

export interface ExecResult {
  /** It could not be started, timed out, was killed, or ended with another code than 0. */
  readonly failed: boolean
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program on the host to its end. The result tells how it ended; only a host that is off throws. */
export async function execOn (host: HostPlan, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
  // `timeout` inside: a kill from here would end nsenter, and leave the program
  const [program = '', ...args] = await enter(host, ['timeout', '--signal=KILL', String(timeoutMs / 1000), ...argv])
  const result = await execa(program, args, { stdin: 'ignore', timeout: timeoutMs + 1_000, reject: false, detached: true, env: HOST_ENVIRONMENT, extendEnv: false })
  return { failed: result.failed, exitCode: result.exitCode ?? null, stdout: result.stdout, stderr: result.failed ? result.stderr || String(result.shortMessage) : result.stderr }
}

/** Starts a program that outlives this runner, as a child of the host's first process, its output appended to a log on the host. */
export async function startDaemon (host: HostPlan, logFile: string, argv: readonly string[]): Promise<void> {
  const result = await execOn(host, ['setsid', '--fork', 'sh', '-c', 'exec "$@" < /dev/null >> "$0" 2>&1', logFile, ...argv], 5_000)
  if (result.failed) throw new TestbedError(`could not start ${argv.join(' ')} on ${host.name}: ${result.stderr}`)
}
