// Which program and which schemas run here, and which a restart or a conversion would bring. It reads, and changes nothing.
import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import type { ServerConfig } from '../../protocol/cluster.ts'
import type { DatabaseSchema } from '../../protocol/database-schema.ts'
import type { NodeVersions, ServerVersion } from '../../protocol/versions.ts'
import { connectOvsdb } from './client.ts'
import { createControl } from './control.ts'

/** A schema is a few hundred kilobytes at most. */
const SCHEMA_BYTES_MAX = 4 * 1024 * 1024

/** All servers of one unit; what cannot be learnt of a server is told as its problem. */
export async function readVersions (servers: readonly ServerConfig[], timeoutMs: number): Promise<NodeVersions> {
  return { servers: await Promise.all(servers.map(server => versionsOf(server, timeoutMs))) }
}

async function versionsOf (server: ServerConfig, timeoutMs: number): Promise<ServerVersion> {
  const problems: string[] = []
  const told = async <T>(what: string, work: Promise<T>): Promise<T | null> => await work.catch((error: Error) => {
    problems.push(`${what}: ${error.message}`)
    return null
  })
  const [version, installed, databases] = await Promise.all([
    told('its version', runningVersion(server, timeoutMs)),
    told('the installed program', installedVersion(server, timeoutMs)),
    told('its schemas', schemasOf(server, timeoutMs))
  ])
  return { server: server.name, run: server.run.mode, version, installed, problem: problems.length === 0 ? null : problems.join('; '), databases: databases ?? [] }
}

async function runningVersion (server: ServerConfig, timeoutMs: number): Promise<string> {
  const control = createControl({ path: server.controlSocket, timeoutMs })
  try {
    return versionIn(await control.call('version'))
  } finally {
    control.close()
  }
}

/** Null for a server that somebody else starts: only whoever does knows with which program. */
async function installedVersion ({ run }: ServerConfig, timeoutMs: number): Promise<string | null> {
  if (run.mode !== 'process') return null
  const [program = 'ovsdb-server', ...prefix] = run.program
  const { stdout } = await execa(program, [...prefix, '--version'], { timeout: timeoutMs, stdin: 'ignore', maxBuffer: 64 * 1024 })
  return versionIn(stdout)
}

/** `ovsdb-server (Open vSwitch) 3.1.0` and what follows. */
export function versionIn (text: string): string {
  return /\(Open vSwitch\)\s+(\S+)/.exec(text)?.[1] ?? text.trim().slice(0, 80)
}

async function schemasOf (server: ServerConfig, timeoutMs: number): Promise<ServerVersion['databases']> {
  const client = await connectOvsdb({ target: { method: 'unix', path: server.databaseSocket }, connectTimeoutMs: timeoutMs, callTimeoutMs: timeoutMs })
  try {
    const names = (await client.listDbs()).filter(name => name !== '_Server').toSorted()
    return await Promise.all(names.map(async database => ({
      database,
      schema: await client.getSchema(database),
      file: database === server.database ? await schemaFile(server.schemaFile) : null
    })))
  } finally {
    client.destroy()
  }
}

async function schemaFile (path: string): Promise<ServerVersion['databases'][number]['file']> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > SCHEMA_BYTES_MAX) throw new Error(`it has more than ${SCHEMA_BYTES_MAX} characters`)
    const schema: unknown = JSON.parse(text)
    if (!isSchema(schema)) throw new Error('it is no schema of a database')
    return { path, schema, problem: null }
  } catch (error) {
    return { path, schema: null, problem: (error as Error).message }
  }
}

function isSchema (value: unknown): value is DatabaseSchema {
  if (typeof value !== 'object' || value === null) return false
  const { name, tables } = value as Record<string, unknown>
  return typeof name === 'string' && typeof tables === 'object' && tables !== null
}
