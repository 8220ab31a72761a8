import { join } from 'node:path'
import type { ServerConfig, TimingConfig } from '../../protocol/cluster.ts'
import type { OvsdbServer, ServerHappening } from '../server.ts'
import { wallClock } from '../clock.ts'
import { createAppctlControl } from './appctl-control.ts'
import { createAttachRun } from './attach-run.ts'
import { createBelievedPosition } from './believed-position.ts'
import { createConfigFileControl } from './config-file-control.ts'
import { createControl } from './control.ts'
import { convertFile, convertOnline } from './convert-file.ts'
import { createCopyStateFile } from './copy-state.ts'
import { createCopyTracker } from './copy-tracker.ts'
import { createDatabase } from './database.ts'
import { followSource } from './follow-source.ts'
import { closeGate, openGate } from './gate.ts'
import { createHandoverMark } from './handover-mark.ts'
import { createHeartbeatUpkeep } from './heartbeat-upkeep.ts'
import { HEARTBEAT_DATABASE, HEARTBEAT_SCHEMA_FILE, writePosition } from './heartbeat.ts'
import { awaitMarker, writeMarker } from './marker.ts'
import { createObserver, unknownServer } from './observe-server.ts'
import { createProcessRun } from './process-run.ts'
import { promoteServer } from './promote-server.ts'
import type { Rescues } from './rescue.ts'
import type { RoleControl, RoleControlOptions } from './role-control.ts'
import { schemaDigest, type DatabaseSchema } from '../../protocol/database-schema.ts'
import { heartbeatFile } from './server-command.ts'
import { createRoleChanges, type ServerParts } from './server-parts.ts'
import { createServerProbe } from './server-probe.ts'
import { ensureHeartbeat, readVersion, startServer } from './start-server.ts'
import type { ServerProcess } from './supervisor.ts'
import { createSystemdRun } from './systemd-run.ts'

export interface OvsdbServerOptions {
  readonly cluster: string
  readonly node: string
  readonly nodeAddress: string
  readonly server: ServerConfig
  readonly timing: TimingConfig
  readonly rescues: Rescues
  /** Where the state of the copy is kept (`CLUSTER-SERVER.copy.json`). */
  readonly stateDirectory: string
  /** Addresses that clients dial: never a source (S5). */
  readonly endpointAddresses: readonly string[]
  readonly onHappening: ServerHappening
  /** The systemctl program; only for `run.mode: systemd`. */
  readonly systemctl?: string
}

/** One ovsdb-server of a cluster on this node, as agent/server.ts promises it. Nothing is touched before `start`. */
export function createOvsdbServer (options: OvsdbServerOptions): OvsdbServer {
  const parts = assemble(options)
  const { server, timing, database, roles, copy, changes, probe, handover } = parts
  const known = createKnowledge(parts)
  const look = createObserver(parts)
  const keepHeartbeatsSmall = createHeartbeatUpkeep(parts)

  async function start (): Promise<{ readonly adopted: boolean }> {
    await known.load()
    const { adopted } = await startServer(parts)
    await known.refresh()
    await database.connect()
    return { adopted }
  }

  return {
    name: server.name,
    start,
    async observe () {
      const problem = await known.load().then(() => null, (error: Error) => error)
      if (problem !== null) return unknownServer(problem.message)
      const seen = await look()
      if (seen.health === 'up') {
        await known.refreshFor(seen.pid)
        keepHeartbeatsSmall()
      }
      return { ...seen, version: seen.health === 'down' ? null : known.version() }
    },
    onTrouble: listener => probe.onTrouble(listener),
    async becomeBackup () {
      await changes.run(async () => {
        await roles.toPlaceholder()
        copy.demoted()
      })
      await ensureHeartbeat(parts)
    },
    follow: (source, signal) => followSource(parts, source, signal),
    promote (position, { force }) {
      handover.clear()
      return promoteServer(parts, position, force)
    },
    openGate (addresses) {
      handover.clear()
      return openGate(parts, addresses)
    },
    closeGate: () => closeGate(parts),
    async writeMarker (marker) {
      await writeMarker(database, await known.schema(), marker, server.marker)
      handover.set(marker)
    },
    awaitMarker: async (marker, deadlineMs) => await awaitMarker(database, await known.schema(), marker, deadlineMs, server.marker),
    writeHeartbeat: position => writePosition(database, position, wallClock().getTime(), timing.commandTimeoutMs),
    restart: async convertTo => await restart(parts, convertTo === null ? null : conversionLeft(await known.schema(), convertTo), start),
    // markers go by the schema
    convert: digest => convertOnline(server, digest).then(known.refresh),
    kill: () => parts.process.kill(),
    async detach () {
      database.close()
      parts.control.close()
      await copy.flush()
    }
  }
}

/** What is converted already is left alone: its file of before would be one that is converted. */
function conversionLeft (schema: DatabaseSchema, digest: string): string | null {
  return schemaDigest(schema) === digest ? null : digest
}

async function restart ({ process, server, copy }: ServerParts, convertTo: string | null, start: () => Promise<unknown>): Promise<void> {
  await process.stop()
  const failure = convertTo === null ? null : await convertFile(server, convertTo).then(copy.rewritten).then(() => null, (error: Error) => error)
  await start()
  if (failure !== null) throw failure
}

/** What is asked once per process: its version and the schema of its user database. */
function createKnowledge (parts: ServerParts) {
  let loaded: Promise<void> | null = null
  let version: string | null = null
  let pid: number | null = null
  let schema: DatabaseSchema | null = null

  async function refresh (): Promise<void> {
    schema = null
    pid = parts.probe.process()?.pid ?? null
    version = await readVersion(parts).catch(() => null)
  }

  return {
    /** What was known of the copy comes before anything is concluded about it. */
    async load (): Promise<void> {
      loaded ??= parts.copy.load().then(parts.believed.load)
      await loaded
    },
    refresh,
    /** A server that somebody else restarted may be another version with another schema. */
    async refreshFor (seenPid: number | null): Promise<void> {
      if (seenPid !== pid || version === null) await refresh()
    },
    version: () => version,
    async schema (): Promise<DatabaseSchema> {
      schema ??= await parts.database.getSchema(parts.server.database)
      return schema
    }
  }
}

function assemble (options: OvsdbServerOptions): ServerParts {
  const { cluster, node, nodeAddress, server, timing, onHappening } = options
  const control = createControl({ path: server.controlSocket, timeoutMs: timing.commandTimeoutMs })
  const database = createDatabase({ target: { method: 'unix', path: server.databaseSocket }, timeoutMs: timing.commandTimeoutMs })
  const roles: RoleControl = createRoles({
    name: server.name,
    control,
    database,
    remotes: [`punix:${server.databaseSocket}`],
    databases: [{ name: server.database, file: server.databaseFile }, { name: HEARTBEAT_DATABASE, file: heartbeatFile(server) }],
    commandTimeoutMs: timing.commandTimeoutMs,
    pid: () => probe.process()?.pid ?? null
  }, server)
  const process = tellingOfPidFile(createProcess(options, () => roles.birthArguments()), server.name, onHappening)
  const probe = createServerProbe({ timing, process, database })
  const file = createCopyStateFile(join(options.stateDirectory, `${cluster}-${server.name}.copy.json`), server.name)
  const believed = createBelievedPosition({ server: server.name, file, onHappening })
  return {
    cluster,
    node,
    nodeAddress,
    server,
    timing,
    endpointAddresses: options.endpointAddresses,
    process,
    control,
    database,
    roles,
    probe,
    copy: createCopyTracker({ server, file, database, believed, onHappening }),
    believed,
    rescues: options.rescues,
    handover: createHandoverMark(),
    onHappening,
    changes: createRoleChanges()
  }
}

/** A pid file that is wrong about a server that runs does no harm here, and misleads whoever else reads it: told once. */
function tellingOfPidFile (process: ServerProcess, name: string, onHappening: ServerHappening): ServerProcess {
  let told: string | null = null
  return {
    ...process,
    async identify () {
      const identity = await process.identify()
      // one that is not there yet is being written
      const note = identity.found && identity.note?.includes(' names process ') === true ? identity.note : null
      if (note !== null && note !== told) onHappening('pidFileWrong', `server ${name} runs, but ${note}`, { server: name })
      told = note
      return identity
    }
  }
}

function createRoles (options: RoleControlOptions, server: ServerConfig): RoleControl {
  return server.run.control === 'configFile'
    ? createConfigFileControl({ ...options, configFile: `${server.databaseFile}.config.json` })
    : createAppctlControl(options)
}

function createProcess ({ server, timing, systemctl }: OvsdbServerOptions, birthArguments: () => Promise<readonly string[]>): ServerProcess {
  switch (server.run.mode) {
    case 'process': return createProcessRun({ server, birthArguments, heartbeatSchemaFile: HEARTBEAT_SCHEMA_FILE })
    case 'systemd': return createSystemdRun(server, timing.commandTimeoutMs, systemctl)
    case 'attach': return createAttachRun(server)
  }
}
