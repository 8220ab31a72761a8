// Real ovsdb-server processes for contract tests: one per call, on its own loopback address, in its own directory, all
// ended by pid when the test ends, however it ends.
import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { createAppctlControl } from '../../agent/ovsdb/appctl-control.ts'
import { connectOvsdb, type OvsdbClient } from '../../agent/ovsdb/client.ts'
import { createConfigFileControl } from '../../agent/ovsdb/config-file-control.ts'
import { createControl, type Control } from '../../agent/ovsdb/control.ts'
import { createDatabase, type Database } from '../../agent/ovsdb/database.ts'
import { HEARTBEAT_DATABASE, HEARTBEAT_SCHEMA_FILE } from '../../agent/ovsdb/heartbeat.ts'
import { parseTarget } from '../../agent/ovsdb/target.ts'
import type { RoleControl } from '../../agent/ovsdb/role-control.ts'
import type { ControlMethod, TlsFiles } from '../../protocol/cluster.ts'
import { until as untilFound } from './support/wait.ts'

export const NORTHBOUND = 'OVN_Northbound'
export const NORTHBOUND_SCHEMA = '/usr/share/ovn/ovn-nb.ovsschema'
export const TIMEOUT_MS = 5_000
/** Every wait of a test ends here. */
export const DEADLINE_MS = 10_000

const TRIXIE = process.env.OVSDB_HA_TRIXIE ?? '/var/cache/ovsdb-ha/trixie'

export interface Version {
  readonly name: string
  readonly program: readonly string[]
  /** Null: it can be used; otherwise why not. */
  readonly missing: string | null
}

function version (name: string, binary: string, program: readonly string[]): Version {
  return { name, program, missing: existsSync(binary) ? null : `${binary} is not there` }
}

const TRIXIE_LIBRARIES = [`${TRIXIE}/lib64/ld-linux-x86-64.so.2`, '--library-path', `${TRIXIE}/usr/lib/x86_64-linux-gnu`]
export const VERSION_31 = version('3.1', '/usr/sbin/ovsdb-server', ['/usr/sbin/ovsdb-server'])
export const VERSION_35 = version('3.5', `${TRIXIE}/usr/sbin/ovsdb-server`, [...TRIXIE_LIBRARIES, `${TRIXIE}/usr/sbin/ovsdb-server`])

/** What ends with a test: a TestContext, or anything like it. */
export interface Owner {
  after (end: () => Promise<void>): void
}

export async function createDirectory (owner: Owner): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-contract-'))
  owner.after(async () => await rm(directory, { recursive: true, force: true }))
  return directory
}

export async function createDatabaseFile (file: string, schemaFile: string): Promise<string> {
  await execa('ovsdb-tool', ['create', file, schemaFile], { timeout: TIMEOUT_MS, stdin: 'ignore' })
  return file
}

export interface StartOptions {
  readonly directory: string
  readonly name: string
  /** A loopback address of its own. */
  readonly address: string
  readonly version: Version
  readonly method: ControlMethod
  /** False: born without the heartbeat database, for tests that add it. */
  readonly heartbeat?: boolean
  /** Shorter for tests that wait for something that never comes. */
  readonly commandTimeoutMs?: number
  readonly schemaFile?: string
  readonly tls?: TlsFiles
}

export interface RealServer {
  readonly name: string
  readonly role: RoleControl
  readonly control: Control
  readonly database: Database
  readonly process: ChildProcess
  readonly file: string
  readonly configFile: string
  readonly heartbeatFile: string
  /** Where others replicate from: `tcp:ADDRESS:PORT`. */
  readonly source: string
  /** A client's own connection to the replication listener. */
  connect (): Promise<OvsdbClient>
  kill (): Promise<void>
}

/** Starts one server as it is born: a backup on the placeholder. */
export async function startServer (owner: Owner, options: StartOptions): Promise<RealServer> {
  const { directory, name, address, method, heartbeat = true, commandTimeoutMs = TIMEOUT_MS, tls } = options
  const path = (suffix: string) => join(directory, `${name}.${suffix}`)
  const port = await freePort(address)
  const listen = tls === undefined ? 'tcp' : 'ssl'
  const file = await createDatabaseFile(path('db'), options.schemaFile ?? NORTHBOUND_SCHEMA)
  const heartbeatFile = await createDatabaseFile(path('ha.db'), HEARTBEAT_SCHEMA_FILE)
  const control = createControl({ path: path('ctl'), timeoutMs: TIMEOUT_MS })
  const database = createDatabase({ target: { method: 'unix', path: path('sock') }, timeoutMs: TIMEOUT_MS })
  let child: ChildProcess | null = null
  const roleOptions = {
    name,
    control,
    database,
    remotes: [`punix:${path('sock')}`, `p${listen}:${port}:${address}`],
    databases: [{ name: NORTHBOUND, file }, { name: HEARTBEAT_DATABASE, file: heartbeatFile }],
    commandTimeoutMs,
    pid: () => child?.pid ?? null
  }
  const create = (databases = roleOptions.databases) => method === 'appctl'
    ? createAppctlControl({ ...roleOptions, databases })
    : createConfigFileControl({ ...roleOptions, databases, configFile: path('json') })
  const role = create()
  const birth = heartbeat ? role : create(roleOptions.databases.slice(0, 1))
  const [program = '', ...before] = options.version.program
  child = spawn(program, [
    ...before, ...await birth.birthArguments(), `--unixctl=${path('ctl')}`, `--log-file=${path('log')}`, '-vconsole:off',
    ...(tls === undefined ? [] : [`--private-key=${tls.privateKey}`, `--certificate=${tls.certificate}`, `--ca-cert=${tls.caCertificate}`])
  ], { stdio: 'ignore', env: { ...process.env, OVS_RUNDIR: directory } })
  const started = child
  async function kill (): Promise<void> {
    if (started.exitCode !== null || started.signalCode !== null) return
    const ended = once(started, 'exit')
    started.kill('SIGKILL')
    await ended
  }
  owner.after(async () => {
    control.close()
    database.close()
    await kill()
  })
  await until('the server answers', async () => (await role.observe()).databases.length > 0)
  await database.connect()
  const source = `${listen}:${address}:${port}`
  return {
    name,
    role,
    control,
    database,
    process: started,
    file,
    configFile: path('json'),
    heartbeatFile,
    source,
    kill,
    async connect () {
      const client = await connectOvsdb({ target: parseTarget(source, tls ?? null), connectTimeoutMs: TIMEOUT_MS, callTimeoutMs: TIMEOUT_MS })
      owner.after(async () => client.destroy())
      return client
    }
  }
}

/** A CA and one certificate with a name that belongs to no host, as ovs-pki makes them. */
export async function createCertificates (directory: string): Promise<TlsFiles> {
  const openssl = async (...args: readonly string[]) => { await execa('openssl', args, { cwd: directory, timeout: DEADLINE_MS, stdin: 'ignore' }) }
  await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=some CA')
  await openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=nb id:1234')
  await openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2', '-out', 'certificate.pem')
  return { privateKey: join(directory, 'key.pem'), certificate: join(directory, 'certificate.pem'), caCertificate: join(directory, 'ca.pem') }
}

/** A port that is free on this address now. */
export async function freePort (host: string): Promise<number> {
  const server = createServer().listen({ port: 0, host })
  await once(server, 'listening')
  const address = server.address()
  const closed = once(server, 'close')
  server.close()
  await closed
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return address.port
}

/** Waits until the statement holds; a check that rejects does not hold yet. Fails with the last reason. */
export async function until (statement: string, check: () => Promise<boolean>, deadlineMs = DEADLINE_MS): Promise<void> {
  let reason: unknown
  try {
    await untilFound(statement, deadlineMs, async () => {
      try {
        return await check()
      } catch (error) {
        reason = error
        return false
      }
    })
  } catch (error) {
    throw new Error(String(error), { cause: reason })
  }
}

export async function addSwitch (db: Pick<OvsdbClient, 'transact'>, name: string): Promise<void> {
  await db.transact(NORTHBOUND, [{ op: 'insert', table: 'Logical_Switch', row: { name } }])
}

export async function switches (db: Pick<OvsdbClient, 'transact'>): Promise<readonly string[]> {
  const [result] = await db.transact(NORTHBOUND, [{ op: 'select', table: 'Logical_Switch', where: [], columns: ['name'] }])
  return (result?.rows ?? []).map(row => String(row.name)).toSorted()
}
