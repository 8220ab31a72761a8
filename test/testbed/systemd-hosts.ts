// Hosts that are booted by systemd, on a switch of their own that nobody else sees. Each is a network namespace and a first process
// with all other namespaces of its own; killing that one is a power cut, and what the host wrote is there when it is started again.
import { openSync, closeSync } from 'node:fs'
import { access, mkdir, readFile, rm, rmdir, statfs } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { execa } from 'execa'
import { command, TestbedError } from './command.ts'
import { HOST_ENVIRONMENT, type ExecResult } from './host.ts'
import { signal } from './processes.ts'
import { poll } from './wait.ts'

const INIT_SCRIPT = path.join(import.meta.dirname, 'systemd-init.sh')
const TREE = path.resolve(import.meta.dirname, '../..')
const SYSTEMD = '/usr/lib/systemd/systemd'
/** The machine may be loaded. */
const BOOT_DEADLINE_MS = 120_000
/** CGROUP2_SUPER_MAGIC of linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270

export interface SystemdHost {
  readonly name: string
  readonly address: string
}

/** Where the machine keeps its cgroup2 hierarchy: alone, or beside those of version 1. */
async function cgroupRoot (): Promise<string | null> {
  for (const directory of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    if (await statfs(directory).then(({ type }) => type === CGROUP2_MAGIC, () => false)) return directory
  }
  return null
}

/** Why systemd cannot be booted here, as a sentence; false when nothing speaks against it. */
export async function whyNoSystemd (): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'booting systemd needs root'
  if (!await access(SYSTEMD).then(() => true, () => false)) return `systemd is not installed (${SYSTEMD})`
  if (await cgroupRoot() === null) return 'systemd cannot be booted here: there is no cgroup2 hierarchy'
  if (!(await readFile('/proc/filesystems', 'utf8')).includes('\toverlay\n')) return 'systemd cannot be booted here: the kernel has no overlay filesystem'
  return false
}

/** Names and directories of one run; two runs at a time do not meet. */
export class SystemdHosts {
  readonly hosts: readonly SystemdHost[]
  readonly #mark: string
  readonly #directory: string
  readonly #running = new Map<string, number>()

  constructor (hosts: readonly SystemdHost[], id: number = process.pid) {
    this.hosts = hosts
    this.#mark = `ovhs${id}`
    this.#directory = `/run/ovsdb-ha-systemd/${id}`
  }

  /** A directory that all hosts have as /exchange. */
  get shared (): string { return `${this.#directory}/exchange` }

  get #switch (): string { return `${this.#mark}-switch` }

  #namespace (host: SystemdHost): string { return `${this.#mark}-${host.name}` }

  async #cgroup (host: SystemdHost): Promise<string> { return `${await cgroupRoot()}/${this.#namespace(host)}` }

  async up (): Promise<void> {
    for (const directory of [this.shared, ...this.hosts.map(({ name }) => `${this.#directory}/${name}`)]) await mkdir(directory, { recursive: true })
    await command('ip', ['netns', 'add', this.#switch])
    await command('ip', ['-n', this.#switch, 'link', 'add', 'name', 'switch', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'])
    await command('ip', ['-n', this.#switch, 'link', 'set', 'switch', 'up'])
    for (const host of this.hosts) {
      await command('mount', ['-t', 'tmpfs', '-o', 'mode=755,size=2g', this.#namespace(host), `${this.#directory}/${host.name}`])
    }
    await Promise.all(this.hosts.map(host => this.powerOn(host)))
  }

  async powerOn (host: SystemdHost): Promise<void> {
    const namespace = this.#namespace(host)
    const cgroup = await this.#cgroup(host)
    await command('ip', ['netns', 'add', namespace])
    await command('ip', ['link', 'add', 'name', host.name, 'netns', this.#switch, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace])
    await command('ip', ['-n', this.#switch, 'link', 'set', host.name, 'master', 'switch', 'up'])
    await command('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    await command('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up'])
    await command('ip', ['-n', namespace, 'address', 'add', `${host.address}/24`, 'dev', 'eth0'])
    await mkdir(cgroup, { recursive: true })
    const log = openSync(`${this.#directory}/${host.name}.log`, 'a')
    // the shell enters the cgroup first: the namespace that unshare makes then begins there
    const child = spawn('bash', ['-c', 'echo $$ > "$0/cgroup.procs"; network=$1; shift; exec nsenter --net="$network" unshare --mount --propagation private --uts --ipc --cgroup --pid --fork --kill-child bash "$@"',
      cgroup, `/run/netns/${namespace}`, INIT_SCRIPT, `${this.#directory}/${host.name}`, host.name, this.shared, TREE], { cwd: '/', detached: true, stdio: ['ignore', log, log], env: HOST_ENVIRONMENT })
    closeSync(log)
    let spawnError: Error | null = null
    child.on('error', error => { spawnError = error })
    child.unref()
    await poll(async () => {
      if (spawnError !== null) throw new TestbedError(`could not start host ${host.name}`, { cause: spawnError })
      if (child.exitCode !== null) throw new TestbedError(`host ${host.name} did not boot: ${await readFile(`${this.#directory}/${host.name}.log`, 'utf8')}`)
      const [init = ''] = (await readFile(`${cgroup}/init.scope/cgroup.procs`, 'utf8').catch(() => '')).split('\n')
      if (init === '') return null
      this.#running.set(host.name, Number(init))
      const { stdout } = await this.exec(host, ['systemctl', 'is-system-running'])
      return /^(running|degraded)$/.test(stdout.trim()) ? true : null
    }, { deadlineMs: BOOT_DEADLINE_MS, everyMs: 200, what: `host ${host.name} to boot` })
  }

  /** At once, for all that runs on it; its addresses and packet filter are gone too. */
  async powerOff (host: SystemdHost): Promise<void> {
    this.#running.delete(host.name)
    await execa('ip', ['-n', this.#switch, 'link', 'delete', host.name], { reject: false, timeout: 10_000 })
    const cgroup = await this.#cgroup(host)
    const [init = ''] = (await readFile(`${cgroup}/cgroup.procs`, 'utf8').catch(() => '')).split('\n')
    const [booted = ''] = (await readFile(`${cgroup}/init.scope/cgroup.procs`, 'utf8').catch(() => '')).split('\n')
    for (const pid of [init, booted].filter(text => text !== '')) signal(Number(pid), 'SIGKILL')
    await poll(async () => /^populated 0$/m.test(await readFile(`${cgroup}/cgroup.events`, 'utf8').catch(() => 'populated 0')) ? true : null, { deadlineMs: 30_000, what: `the processes of host ${host.name} to end` })
    await execa('find', [cgroup, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { reject: false, timeout: 10_000 })
    await execa('ip', ['netns', 'delete', this.#namespace(host)], { reject: false, timeout: 10_000 })
  }

  async down (): Promise<void> {
    for (const host of this.hosts) {
      await this.powerOff(host)
      await execa('umount', [`${this.#directory}/${host.name}`], { reject: false, timeout: 10_000 })
    }
    await execa('ip', ['netns', 'delete', this.#switch], { reject: false, timeout: 10_000 })
    await rm(this.shared, { recursive: true, force: true })
    for (const host of this.hosts) {
      await rm(`${this.#directory}/${host.name}.log`, { force: true })
      // not recursive: what is still mounted there is an error, and nothing of it is removed
      await rmdir(`${this.#directory}/${host.name}`)
    }
    await rmdir(this.#directory)
  }

  /** Runs a program on the host to its end, as root's shell would. */
  async exec (host: SystemdHost, argv: readonly string[], timeoutMs = 60_000): Promise<ExecResult> {
    const init = this.#running.get(host.name)
    if (init === undefined) throw new TestbedError(`host ${host.name} is off`)
    const result = await execa('nsenter', ['--target', String(init), '--all', '--', 'timeout', '--signal=KILL', String(timeoutMs / 1000), ...argv],
      { stdin: 'ignore', timeout: timeoutMs + 1_000, reject: false, detached: true, env: HOST_ENVIRONMENT, extendEnv: false })
    return { failed: result.failed, exitCode: result.exitCode ?? null, stdout: result.stdout, stderr: result.failed ? result.stderr || String(result.shortMessage) : result.stderr }
  }

  /** Resolves to the output; anything but success is an error with all that was said. */
  async run (host: SystemdHost, argv: readonly string[], timeoutMs?: number): Promise<string> {
    const result = await this.exec(host, argv, timeoutMs)
    if (result.failed) throw new TestbedError(`${argv.join(' ')} on ${host.name}: ${result.stdout}\n${result.stderr}`)
    return result.stdout
  }
}
