import { chmod, chown, link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa, type ExecaError } from 'execa'
import type { ServerConfig } from '../../protocol/cluster.ts'
import { schemaDigest, type DatabaseSchema } from '../../protocol/database-schema.ts'
import { connectOvsdb } from './client.ts'
import { syncFolder } from './durable-file.ts'
import { ConversionError } from './maintenance-errors.ts'
import { findTool } from './process-run.ts'

/** Some GB are read and written. */
const CONVERT_TIMEOUT_MS = 150_000

/**
 * Converts the database file of a server that does not run to its schema file. The file of before stays beside it
 * (`FILE.before-conversion`); on any failure it is what it was.
 */
export async function convertFile (server: ServerConfig, digest: string): Promise<void> {
  const { databaseFile, schemaFile } = server
  const converted = `${databaseFile}.converted`
  try {
    await readTarget(server, digest)
    await rm(converted, { force: true }) // left by an agent that died
    const [tool = 'ovsdb-tool', ...prefix] = await findTool(server.run.program)
    await execa(tool, [...prefix, 'convert', databaseFile, schemaFile, converted], { timeout: CONVERT_TIMEOUT_MS, stdin: 'ignore', maxBuffer: 64 * 1024 })
    await takeItsPlace(databaseFile, converted)
  } catch (cause) {
    await rm(converted, { force: true })
    const { stderr } = cause as Partial<ExecaError>
    throw new ConversionError(server.name, server.database, typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim().slice(0, 500) : (cause as Error).message, { cause: cause as Error })
  } finally {
    await rm(`${dirname(converted)}/.${converted.slice(dirname(converted).length + 1)}.~lock~`, { force: true })
  }
}

/** OVSDB's own method, in one transaction: clients of the database lose their connections, and find the new schema. */
export async function convertOnline (server: ServerConfig, digest: string): Promise<void> {
  try {
    const schema = await readTarget(server, digest)
    const client = await connectOvsdb({ target: { method: 'unix', path: server.databaseSocket }, connectTimeoutMs: CONVERT_TIMEOUT_MS, callTimeoutMs: CONVERT_TIMEOUT_MS })
    try {
      await client.convert(server.database, schema)
    } finally {
      client.destroy()
    }
  } catch (cause) {
    throw new ConversionError(server.name, server.database, (cause as Error).message, { cause: cause as Error })
  }
}

async function readTarget ({ schemaFile }: ServerConfig, digest: string): Promise<DatabaseSchema> {
  const schema = JSON.parse(await readFile(schemaFile, 'utf8')) as DatabaseSchema
  const found = schemaDigest(schema)
  if (found !== digest) throw new Error(`${schemaFile} has digest ${found}, and ${digest} was ordered`)
  return schema
}

/** At no moment is there none, or half a one; whoever owns the file owns the new one. */
async function takeItsPlace (databaseFile: string, converted: string): Promise<void> {
  const before = `${databaseFile}.before-conversion`
  const { uid, gid, mode } = await stat(databaseFile)
  await chown(converted, uid, gid)
  await chmod(converted, mode)
  const file = await open(converted, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rm(before, { force: true })
  await link(databaseFile, before)
  await rename(converted, databaseFile)
  await syncFolder(dirname(databaseFile))
}
