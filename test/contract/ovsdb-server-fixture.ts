import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import type { ControlMethod, ServerConfig, TimingConfig } from '../../protocol/cluster.ts'
import type { Position } from '../../protocol/position.ts'
import type { OvsdbServer, ServerHappening } from '../../agent/server.ts'
import { connectOvsdb, type OvsdbClient } from '../../agent/ovsdb/client.ts'
import { isGone, readStat } from '../../agent/process-handle.ts'
import { createRescues } from '../../agent/ovsdb/rescue.ts'
import { PLACEHOLDER } from '../../agent/ovsdb/role-control.ts'
import { createOvsdbServer } from '../../agent/ovsdb/server.ts'
import { until } from './support/wait.ts'
import { loopbackAddress } from './support/loopback.ts'

const TRIXIE = '/var/cache/ovsdb-ha/trixie'

export interface Version {
  readonly name: string
  readonly program: readonly string[]
  readonly control: ControlMethod
  /** Why it cannot be tested here; false when it can. */
  readonly skip: string | false
}

const NEWER = {
  program: [`${TRIXIE}/lib64/ld-linux-x86-64.so.2`, '--library-path', `${TRIXIE}/usr/lib/x86_64-linux-gnu`, `${TRIXIE}/usr/sbin/ovsdb-server`],
  skip: existsSync(`${TRIXIE}/usr/sbin/ovsdb-server`) ? false as const : `no OVS 3.5 in ${TRIXIE}`
}

export const VERSIONS: readonly Version[] = [
  { name: '3.1', program: ['/usr/sbin/ovsdb-server'], control: 'appctl', skip: existsSync('/usr/sbin/ovsdb-server') ? false : 'ovsdb-server is not installed' },
  { name: '3.5', control: 'appctl', ...NEWER },
  { name: '3.5 with a config file', control: 'configFile', ...NEWER }
]

export const TIMING: TimingConfig = {
  leaseMs: 3_000,
  renewEveryMs: 500,
  reportEveryMs: 1_000,
  suspectAfterMs: 3_000,
  // one look gets this long for its answers: a machine that stalls for a moment is no server that stalls
  probeEveryMs: 1_000,
  hungAfterMs: 2_000,
  busyAfterMs: 20_000,
  heartbeatEveryMs: 1_000,
  maxLagHeartbeats: 3,
  handoverDeadlineMs: 5_000,
  promoteDeadlineMs: 5_000,
  resyncDeadlineMs: 60_000,
  endpointLingerMs: 1_000,
  commandTimeoutMs: 3_000,
  coldStartWaitMs: 5_000
}

export interface Happened {
  readonly kind: string
  readonly message: string
  readonly facts: Parameters<ServerHappening>[2]
}

export interface TestNode {
  readonly name: string
  readonly address: string
  readonly folder: string
  readonly config: ServerConfig
  readonly happened: readonly Happened[]
  /** The current agent's server. */
  server (): OvsdbServer
  /** The agent ends and another one starts; the process is not touched. */
  restartAgent (): Promise<OvsdbServer>
  pid (): Promise<number>
  /** A client on the database's Unix socket. */
  client (): Promise<OvsdbClient>
  /** Ends the server's process, whatever its state, and its agent. */
  stop (): Promise<void>
  /** And removes every file. */
  end (): Promise<void>
}

export interface TestNodeOptions {
  readonly version: Version
  readonly name: string
  readonly address: string
  readonly folder?: string
  readonly rescueDirectory?: string
  readonly server?: Partial<ServerConfig>
}

export async function createTestNode (options: TestNodeOptions): Promise<TestNode> {
  const folder = options.folder ?? await mkdtemp(join(tmpdir(), 'ovsdb-ha-server-'))
  const config = serverConfig(folder, options)
  const happened: Happened[] = []
  const onHappening: ServerHappening = (kind, message, facts) => { happened.push({ kind, message, facts }) }
  const create = (): OvsdbServer => createOvsdbServer({
    cluster: 'test',
    node: options.name,
    nodeAddress: options.address,
    server: config,
    timing: TIMING,
    rescues: createRescues({ directory: options.rescueDirectory ?? join(folder, 'rescue'), maxFiles: 4, maxBytes: 1024 ** 3, maxAgeMs: 3_600_000 }, { cluster: 'test', node: options.name }, onHappening),
    stateDirectory: join(folder, 'state'),
    endpointAddresses: [GATE_ADDRESS],
    onHappening
  })
  let server = create()
  async function stop (): Promise<void> {
    await server.kill()
    await server.detach()
  }
  return {
    name: options.name,
    address: options.address,
    folder,
    config,
    happened,
    server: () => server,
    async restartAgent () {
      await server.detach()
      server = create()
      return server
    },
    pid: async () => Number(await readFile(config.pidFile, 'utf8')),
    client: async () => await connectOvsdb({ target: { method: 'unix', path: config.databaseSocket }, connectTimeoutMs: 3_000, callTimeoutMs: 30_000 }),
    stop,
    async end () {
      await stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export const PLAINLY = { force: false }

/** The nodes of one test: `a` on the first address of this process, any other on the second. */
export function createTestNodes (version: Version) {
  const nodes: TestNode[] = []

  async function node (name: string, more: Partial<TestNodeOptions> = {}): Promise<TestNode> {
    const made = await createTestNode({ version, name, address: name === 'a' ? loopbackAddress(1) : loopbackAddress(2), ...more })
    nodes.push(made)
    return made
  }

  return {
    node,
    /** It serves, and others can replicate from it. */
    async active (name = 'a', term = 1): Promise<TestNode> {
      const made = await node(name)
      await made.server().start()
      await made.server().promote(position(term), PLAINLY)
      await made.server().openGate([])
      return made
    },
    async end (): Promise<void> {
      const ended = nodes.splice(0)
      // two of them may share a folder: an agent that still writes its state must not lose it
      for (const made of ended) await made.stop()
      for (const { folder } of ended) await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Where clients would dial; loopback has every 127.x address. */
export const GATE_ADDRESS = loopbackAddress(100)

function serverConfig (folder: string, { version, server }: TestNodeOptions): ServerConfig {
  return {
    name: 'nb',
    database: 'OVN_Northbound',
    schemaFile: '/usr/share/ovn/ovn-nb.ovsschema',
    listen: { method: 'tcp', port: 26641 },
    replicationPort: 26741,
    run: { mode: 'process', program: version.program, unit: null, control: version.control },
    controlSocket: join(folder, 'run', 'nb.ctl'),
    databaseSocket: join(folder, 'run', 'nb.sock'),
    databaseFile: join(folder, 'db', 'nb.db'),
    logFile: join(folder, 'log', 'nb.log'),
    pidFile: join(folder, 'run', 'nb.pid'),
    marker: null,
    connections: null,
    tls: null,
    ...server
  }
}

export function position (term: number, sequence = 1, writer = 'a'): Position {
  return { term, sequence, writer }
}

/** Inserts logical switches in transactions of 1,000. */
export async function insertRows (client: OvsdbClient, prefix: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, count - first) }, (_, index) => ({
      op: 'insert', table: 'Logical_Switch', row: { name: `${prefix}${first + index}`, external_ids: ['map', [['note', 'x'.repeat(200)]]] }
    }))
    await client.transact('OVN_Northbound', rows)
  }
}

export async function switchNames (client: OvsdbClient): Promise<readonly string[]> {
  const [result] = await client.transact('OVN_Northbound', [{ op: 'select', table: 'Logical_Switch', where: [], columns: ['name'] }])
  return (result?.rows ?? []).map(row => String(row.name)).toSorted()
}

/** Sends a signal to a process that the test started, and waits for what it does to it. */
export async function signalAndWait (pid: number, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  const stat = await readStat(pid)
  if (stat === null) throw new Error(`there is no process ${pid}`)
  process.kill(pid, signal)
  await until(`process ${pid} after ${signal}`, 5_000, async () => signal === 'SIGKILL' ? await isGone(stat) : (await readStat(pid))?.state === 'T')
}

/** As an administrator would have started it: an active, with the user database only. */
export async function startByHand ({ folder, config }: TestNode): Promise<void> {
  const [program = '', ...prefix] = config.run.program
  for (const name of ['run', 'db', 'log']) await mkdir(join(folder, name))
  await execa('ovsdb-tool', ['create', config.databaseFile, config.schemaFile], { timeout: 10_000, stdin: 'ignore' })
  await execa(program, [
    ...prefix, '--detach', `--pidfile=${config.pidFile}`, `--log-file=${config.logFile}`, `--unixctl=${config.controlSocket}`,
    `--remote=punix:${config.databaseSocket}`, config.databaseFile
  ], { timeout: 10_000, stdio: 'ignore', cleanup: false })
}

/** What each open descriptor of a process leads to. */
export async function descriptors (pid: number): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>()
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    // the listing's own descriptor is closed by now
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => null)
    if (target !== null) found.set(Number(name), target)
  }
  return found
}

/** What a replication error does to a backup (FACTS R 1). */
export async function promoteBehindOurBack (node: TestNode): Promise<void> {
  if (node.config.run.control === 'appctl') {
    await execa('ovs-appctl', ['-t', node.config.controlSocket, 'ovsdb-server/disconnect-active-ovsdb-server'], { timeout: 5_000, stdin: 'ignore' })
    return
  }
  await reloadWith(node, false)
}

/** Back to the placeholder, by hand. */
export async function demoteBehindOurBack (node: TestNode): Promise<void> {
  if (node.config.run.control === 'configFile') return await reloadWith(node, true)
  for (const command of [['set-active-ovsdb-server', PLACEHOLDER], ['connect-active-ovsdb-server'], ['set-active-ovsdb-server-probe-interval', '60000']]) {
    await execa('ovs-appctl', ['-t', node.config.controlSocket, `ovsdb-server/${command[0]}`, ...command.slice(1)], { timeout: 5_000, stdin: 'ignore' })
  }
}

async function reloadWith (node: TestNode, backup: boolean): Promise<void> {
  const path = (await readdir(join(node.folder, 'db'))).find(name => name.endsWith('.json')) ?? ''
  const file = join(node.folder, 'db', path)
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/"backup":\s*(true|false)/g, `"backup":${backup}`))
  await execa('ovs-appctl', ['-t', node.config.controlSocket, 'ovsdb-server/reload'], { timeout: 5_000, stdin: 'ignore' })
}

/** A file system of its own with room for almost nothing. */
export async function tinyDisk (): Promise<{ readonly path: string, end (): Promise<void> }> {
  const { stdout: path } = await execa('mktemp', ['-d', '/tmp/ovsdb-ha-tiny-XXXXXX'], { timeout: 5_000, stdin: 'ignore' })
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { timeout: 5_000, stdin: 'ignore' })
  return {
    path,
    async end () {
      await execa('umount', [path], { timeout: 5_000, stdin: 'ignore' })
      await execa('rmdir', [path], { timeout: 5_000, stdin: 'ignore' })
    }
  }
}

export async function dial (host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, timeout: 3_000 })
    socket.once('connect', () => { socket.destroy(); resolve() })
    socket.once('error', reject)
  })
}
