// From the file as it is written to the shapes of cluster.ts: defaults filled in, names folded, durations in
// milliseconds, sizes in bytes, addresses in one spelling. A value that was refused stays undefined, so that the checks
// over several values still run on all the others and every problem is told at once.
import type { ClusterConfig, CompanionConfig, Config, ConnectionConfig, ControllerConfig, EndpointConfig, FailoverConfig, FenceConfig, MemberConfig, NodeConfig, SchedulesConfig, ServerConfig, SnapshotsConfig, TimingConfig, TlsFiles } from './cluster.ts'
import { formatPath, type Path } from './config-errors.ts'
import { DEFAULTS, SCHEMA_FILES, TIMING_SCHEMA, type ClusterFile, type CompanionFile, type ConfigFile, type ConnectionFile, type FenceFile, type OtherFile, type ServerFile, type StoreFile } from './config-schema.ts'
import { COMPANION_DEFAULTS } from './companion-schema.ts'
import { parseDurationMs } from './duration.ts'
import { SCHEDULE_DEFAULTS } from './schedule-schema.ts'
import { parseIp, parsePrefix } from './ip.ts'
import { parseRedisUrl } from './redis-url.ts'
import { parseSizeBytes } from './size.ts'

/** The same shape, where anything may be missing; lists keep their indices. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly (Draft<Item> | undefined)[]
  : T extends object ? { readonly [Key in keyof T]: Draft<T[Key]> | undefined } : T

type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Partly<Item> | undefined)[]
  : T extends object ? { readonly [Key in keyof T]?: Partly<T[Key]> | undefined } : T

type TimingName = keyof typeof TIMING_SCHEMA.properties

/** Reads what is left of a file after its bad values were taken out, and knows which those were. */
function createReader (file: unknown, badPaths: readonly Path[]) {
  const bad = new Set(badPaths.map(formatPath))

  function pruned (value: unknown, path: Path): unknown {
    if (bad.has(formatPath(path))) return undefined
    if (Array.isArray(value)) return value.map((item, index) => pruned(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pruned(item, [...path, key])]))
  }

  return {
    file: (pruned(file, []) ?? {}) as Partly<ConfigFile>,
    isBad: (path: Path) => path.some((_, index) => bad.has(formatPath(path.slice(0, index + 1)))),
    /** The value; its default when it is absent; undefined when it, or what it is part of, was refused. */
    or <T> (value: T | undefined, path: Path, byDefault: T | undefined): T | undefined {
      return value === undefined && !this.isBad(path) ? byDefault : value
    }
  }
}
type Reader = ReturnType<typeof createReader>

/** Resolves as much of a file as is sound. `badPaths` are the values that the check of shapes refused. */
export function resolveDraft (value: unknown, badPaths: readonly Path[]): Draft<Config> {
  const reader = createReader(value, badPaths)
  const { file } = reader
  const stateDirectory = reader.or(file.agent?.stateDirectory, ['agent', 'stateDirectory'], DEFAULTS.stateDirectory)
  const runDirectory = reader.or(file.agent?.runDirectory, ['agent', 'runDirectory'], DEFAULTS.runDirectory)
  const nodes = (file.nodes ?? []).map((node, index): Draft<NodeConfig> | undefined => node && {
    name: folded(node.name),
    address: node.address === undefined ? undefined : parseIp(node.address)?.text,
    agentPort: reader.or(node.agentPort, ['nodes', index, 'agentPort'], DEFAULTS.agentPort),
    fence: reader.isBad(['nodes', index, 'fence']) ? undefined : resolveFence(node.fence, ['nodes', index, 'fence'], reader)
  })
  const { controller } = file
  return {
    nodes,
    agent: { stateDirectory, runDirectory, watchdog: reader.isBad(['agent', 'watchdog']) ? undefined : file.agent?.watchdog ?? null },
    controller: {
      name: reader.or(folded(controller?.name), ['controller', 'name'], DEFAULTS.controllerName),
      listen: reader.or(controller?.listen === undefined ? undefined : parseIp(controller.listen)?.text, ['controller', 'listen'], DEFAULTS.controllerListen),
      port: reader.or(controller?.port, ['controller', 'port'], DEFAULTS.controllerPort),
      others: reader.isBad(['controller', 'others']) ? undefined : (controller?.others ?? []).map((other, index) => other === undefined ? undefined : resolveOther(other, ['controller', 'others', index], reader)),
      store: resolveStore(controller?.store, reader),
      recoveriesAtOnce: reader.or<number>(controller?.recoveriesAtOnce, ['controller', 'recoveriesAtOnce'], DEFAULTS.recoveriesAtOnce),
      tokens: reader.isBad(['controller', 'tokens']) ? undefined : (controller?.tokens ?? []).map(token => token && { name: folded(token.name), role: token.role, file: token.file })
    },
    tls: reader.isBad(['tls']) ? undefined : tlsOf(file.tls),
    insecure: reader.or(file.insecure, ['insecure'], false),
    clusters: (file.clusters ?? []).map((cluster, index) => cluster && resolveCluster(cluster, ['clusters', index], { reader, nodes, stateDirectory, runDirectory }))
  }
}

function resolveFence (fence: Partly<FenceFile> | undefined, path: Path, reader: Reader): Draft<FenceConfig> | null {
  if (fence === undefined) return null
  const durationMs = (written: string | undefined, at: Path, byDefault: string) => {
    const text = reader.or<string>(written, at, byDefault)
    return text === undefined ? undefined : parseDurationMs(text)
  }
  return {
    delayMs: durationMs(fence.delay, [...path, 'delay'], DEFAULTS.fenceDelay),
    afterwards: reader.or(fence.afterwards, [...path, 'afterwards'], 'off'),
    levels: (fence.levels ?? []).map((level, index) => level && {
      kind: level.exec === undefined ? 'agent' : 'exec',
      program: typeof level.exec === 'object' ? level.exec : [level.exec ?? level.agent],
      options: level.options ?? {},
      secretFiles: level.secrets ?? {},
      timeoutMs: durationMs(level.timeout, [...path, 'levels', index, 'timeout'], DEFAULTS.fenceTimeout)
    })
  }
}

function resolveOther (other: string | Partly<Exclude<OtherFile, string>>, path: Path, reader: Reader): Draft<ControllerConfig['others'][number]> {
  if (typeof other === 'string') return { name: folded(other), url: null }
  return { name: folded(other.name), url: reader.isBad([...path, 'url']) ? undefined : other.url ?? null }
}

function resolveStore (store: Partly<StoreFile> | undefined, reader: Reader): Draft<ControllerConfig['store']> {
  const path = ['controller', 'store']
  if (store?.type !== 'redis') return { type: 'embedded', file: reader.or(store?.file, [...path, 'file'], DEFAULTS.storeFile) }
  return {
    type: 'redis',
    servers: (store.urls ?? []).map(text => text === undefined ? undefined : parseRedisUrl(text)),
    username: reader.isBad([...path, 'username']) ? undefined : store.username ?? null,
    passwordFile: reader.isBad([...path, 'passwordFile']) ? undefined : store.passwordFile ?? null,
    keyPrefix: reader.or<string>(store.keyPrefix, [...path, 'keyPrefix'], DEFAULTS.storeKeyPrefix),
    tls: reader.isBad([...path, 'tls']) ? undefined : tlsOf(store.tls)
  }
}

function folded (name: string | undefined): string | undefined {
  return name?.toLowerCase()
}

function tlsOf (tls: Partly<TlsFiles> | undefined): Draft<TlsFiles> | null {
  return tls === undefined ? null : { privateKey: tls.privateKey, certificate: tls.certificate, caCertificate: tls.caCertificate }
}

interface Surroundings {
  readonly reader: Reader
  readonly nodes: readonly (Draft<NodeConfig> | undefined)[]
  readonly stateDirectory: string | undefined
  readonly runDirectory: string | undefined
}

function resolveCluster (cluster: Partly<ClusterFile>, path: Path, around: Surroundings): Draft<ClusterConfig> {
  const { reader } = around
  const name = folded(cluster.name)
  const directory = (parent: string | undefined) => parent === undefined || name === undefined ? undefined : `${parent}/${name}`
  const stateDirectory = directory(around.stateDirectory)
  const maxSize = reader.or<string>(cluster.rescue?.maxSize, [...path, 'rescue', 'maxSize'], DEFAULTS.rescueMaxSize)
  const maxAge = reader.or<string>(cluster.rescue?.maxAge, [...path, 'rescue', 'maxAge'], DEFAULTS.rescueMaxAge)
  return {
    name,
    members: (cluster.nodes ?? []).map((member, index) => member === undefined ? undefined : resolveMember(member, [...path, 'nodes', index], around)),
    servers: (cluster.servers ?? []).map((server, index) => server && resolveServer(server, [...path, 'servers', index], {
      reader, cluster: name, stateDirectory, runDirectory: directory(around.runDirectory)
    })),
    endpoints: (cluster.endpoints ?? []).map((endpoint, index) => endpoint && resolveEndpoint(endpoint, [...path, 'endpoints', index], reader)),
    timing: resolveTiming(cluster.timing, [...path, 'timing'], reader),
    guard: reader.or(cluster.guard, [...path, 'guard'], 'nftables'),
    rescue: {
      directory: reader.or(cluster.rescue?.directory, [...path, 'rescue', 'directory'], stateDirectory === undefined ? undefined : `${stateDirectory}/rescue`),
      maxFiles: reader.or<number>(cluster.rescue?.maxFiles, [...path, 'rescue', 'maxFiles'], DEFAULTS.rescueMaxFiles),
      maxBytes: maxSize === undefined ? undefined : parseSizeBytes(maxSize),
      maxAgeMs: maxAge === undefined ? undefined : parseDurationMs(maxAge)
    },
    failover: resolveFailover(cluster.failover, [...path, 'failover'], reader),
    snapshots: resolveSnapshots(cluster.snapshots, [...path, 'snapshots'], stateDirectory, reader),
    schedules: resolveSchedules(cluster.schedules, [...path, 'schedules'], reader),
    companions: reader.isBad([...path, 'companions'])
      ? undefined
      : (cluster.companions ?? []).map((companion, index) => companion && resolveCompanion(companion, [...path, 'companions', index], { reader, cluster: name, runDirectory: directory(around.runDirectory) }))
  }
}

const HOUR_MS = 3_600_000

function resolveFailover (failover: Partly<ClusterFile['failover']>, path: Path, reader: Reader): Draft<FailoverConfig> {
  const lockout = reader.or<string>(failover?.lockout, [...path, 'lockout'], DEFAULTS.lockout)
  return {
    budgetFailovers: reader.or<number>(failover?.budgetPerHour, [...path, 'budgetPerHour'], DEFAULTS.budgetPerHour),
    budgetWindowMs: HOUR_MS,
    lockoutMs: lockout === undefined ? undefined : parseDurationMs(lockout)
  }
}

function resolveSchedules (schedules: Partly<ClusterFile['schedules']>, path: Path, reader: Reader): Draft<SchedulesConfig> {
  const durationMs = (written: string | undefined, at: readonly string[], byDefault: string) => {
    const text = reader.or<string>(written, [...path, ...at], byDefault)
    return text === undefined ? undefined : parseDurationMs(text)
  }
  const { snapshot, audit, compaction, drill } = schedules ?? {}
  return {
    timezone: reader.or<string>(schedules?.timezone, [...path, 'timezone'], SCHEDULE_DEFAULTS.timezone),
    jitterMs: durationMs(schedules?.jitter, ['jitter'], SCHEDULE_DEFAULTS.jitter),
    startWithinMs: durationMs(schedules?.startWithin, ['startWithin'], SCHEDULE_DEFAULTS.startWithin),
    snapshot: snapshot === undefined ? null : { cron: snapshot.cron },
    audit: audit === undefined ? null : { cron: audit.cron },
    compaction: compaction === undefined ? null : { cron: compaction.cron, quietForMs: durationMs(compaction.quietFor, ['compaction', 'quietFor'], SCHEDULE_DEFAULTS.quietFor) },
    drill: drill === undefined ? null : { cron: drill.cron, stayMs: durationMs(drill.stay, ['drill', 'stay'], SCHEDULE_DEFAULTS.stay) }
  }
}

function resolveSnapshots (snapshots: Partly<ClusterFile['snapshots']>, path: Path, stateDirectory: string | undefined, reader: Reader): Draft<SnapshotsConfig> {
  const maxSize = reader.or<string>(snapshots?.maxSize, [...path, 'maxSize'], SCHEDULE_DEFAULTS.maxSize)
  const hookTimeout = reader.or<string>(snapshots?.hookTimeout, [...path, 'hookTimeout'], SCHEDULE_DEFAULTS.hookTimeout)
  const hook = snapshots?.hook ?? []
  return {
    directory: reader.or(snapshots?.directory, [...path, 'directory'], stateDirectory === undefined ? undefined : `${stateDirectory}/snapshots`),
    maxSnapshots: reader.or<number>(snapshots?.maxSnapshots, [...path, 'maxSnapshots'], SCHEDULE_DEFAULTS.maxSnapshots),
    maxBytes: maxSize === undefined ? undefined : parseSizeBytes(maxSize),
    hook: reader.isBad([...path, 'hook']) ? undefined : typeof hook === 'string' ? [hook] : hook,
    hookTimeoutMs: hookTimeout === undefined ? undefined : parseDurationMs(hookTimeout)
  }
}

function resolveMember (member: string | Partly<Exclude<ClusterFile['nodes'][number], string>>, path: Path, { reader, nodes }: Surroundings): Draft<MemberConfig> {
  const written = typeof member === 'string' ? { name: member } : member
  const name = folded(written.name)
  const node = name === undefined ? undefined : nodes.find(node => node?.name === name)
  return {
    name,
    address: node?.address,
    agentPort: node?.agentPort,
    priority: reader.or(written.priority, [...path, 'priority'], 0),
    witness: reader.or(written.witness, [...path, 'witness'], false)
  }
}

interface ServerSurroundings {
  readonly reader: Reader
  readonly cluster: string | undefined
  readonly stateDirectory: string | undefined
  readonly runDirectory: string | undefined
}

function resolveServer (server: Partly<ServerFile>, path: Path, { reader, cluster, stateDirectory, runDirectory }: ServerSurroundings): Draft<ServerConfig> {
  const name = folded(server.name)
  const program = reader.or<string | readonly (string | undefined)[]>(server.run?.program, [...path, 'run', 'program'], DEFAULTS.program)
  const port = server.listen?.port
  const fileIn = (key: 'controlSocket' | 'databaseSocket' | 'databaseFile' | 'pidFile', directory: string | undefined, ending: string) =>
    reader.or(server[key], [...path, key], directory === undefined || name === undefined ? undefined : `${directory}/${name}.${ending}`)
  return {
    name,
    database: server.database,
    schemaFile: reader.or(server.schema, [...path, 'schema'], server.database === undefined ? undefined : SCHEMA_FILES[server.database]),
    listen: { method: server.listen?.method, port },
    replicationPort: reader.or(server.replicationPort, [...path, 'replicationPort'], port === undefined ? undefined : port + DEFAULTS.replicationPortOffset),
    run: {
      mode: reader.or(server.run?.mode, [...path, 'run', 'mode'], 'process'),
      program: typeof program === 'string' ? [program] : program,
      unit: reader.isBad([...path, 'run', 'unit']) ? undefined : server.run?.unit ?? null,
      control: reader.or(server.run?.control, [...path, 'run', 'control'], 'appctl')
    },
    controlSocket: fileIn('controlSocket', runDirectory, 'ctl'),
    databaseSocket: fileIn('databaseSocket', runDirectory, 'sock'),
    databaseFile: fileIn('databaseFile', stateDirectory, 'db'),
    logFile: reader.or(server.logFile, [...path, 'logFile'], cluster === undefined || name === undefined ? undefined : `/var/log/ovsdb-ha/${cluster}-${name}.log`),
    pidFile: fileIn('pidFile', runDirectory, 'pid'),
    connections: reader.isBad([...path, 'connections']) ? undefined : server.connections?.map((connection, index) => connection && resolveConnection(connection, [...path, 'connections', index], reader)) ?? null,
    marker: reader.isBad([...path, 'marker']) ? undefined : server.marker === undefined ? null : { table: server.marker.table, column: server.marker.column },
    tls: reader.isBad([...path, 'tls']) ? undefined : tlsOf(server.tls)
  }
}

function resolveConnection (connection: Partly<ConnectionFile>, path: Path, reader: Reader): Draft<ConnectionConfig> {
  const durationMs = (key: 'inactivityProbe' | 'maxBackoff') => {
    const written = connection[key]
    return reader.isBad([...path, key]) ? undefined : written === undefined ? null : parseDurationMs(written)
  }
  return {
    target: connection.target,
    inactivityProbeMs: durationMs('inactivityProbe'),
    maxBackoffMs: durationMs('maxBackoff'),
    readOnly: reader.or(connection.readOnly, [...path, 'readOnly'], false),
    role: reader.or(connection.role, [...path, 'role'], ''),
    externalIds: reader.isBad([...path, 'externalIds']) ? undefined : connection.externalIds ?? {},
    otherConfig: reader.isBad([...path, 'otherConfig']) ? undefined : connection.otherConfig ?? {}
  }
}

function resolveCompanion (companion: Partly<CompanionFile>, path: Path, { reader, cluster, runDirectory }: Omit<ServerSurroundings, 'stateDirectory'>): Draft<CompanionConfig> {
  const name = folded(companion.name)
  const durationMs = (key: 'startTimeout' | 'stopTimeout' | 'checkEvery' | 'checkTimeout' | 'restartWindow') => {
    const text = reader.or<string>(companion[key], [...path, key], COMPANION_DEFAULTS[key])
    return text === undefined ? undefined : parseDurationMs(text)
  }
  return {
    name,
    run: companion.unit === undefined
      ? {
          type: 'command',
          command: companion.command ?? [],
          logFile: reader.or(companion.logFile, [...path, 'logFile'], cluster === undefined || name === undefined ? undefined : `/var/log/ovsdb-ha/${cluster}-${name}.log`),
          stateFile: runDirectory === undefined || name === undefined ? undefined : `${runDirectory}/companion-${name}.json`
        }
      : { type: 'unit', unit: companion.unit },
    check: companion.check ?? [],
    required: reader.or(companion.required, [...path, 'required'], false),
    startTimeoutMs: durationMs('startTimeout'),
    stopTimeoutMs: durationMs('stopTimeout'),
    checkEveryMs: durationMs('checkEvery'),
    checkTimeoutMs: durationMs('checkTimeout'),
    restarts: reader.or<number>(companion.restarts, [...path, 'restarts'], COMPANION_DEFAULTS.restarts),
    restartWindowMs: durationMs('restartWindow')
  }
}

function resolveEndpoint (endpoint: Partly<ClusterFile['endpoints'][number]>, path: Path, reader: Reader): Draft<EndpointConfig> {
  if (endpoint.type === 'http') return { type: endpoint.type, checkPort: reader.isBad([...path, 'checkPort']) ? undefined : endpoint.checkPort ?? null }
  return {
    type: endpoint.type,
    interface: endpoint.interface,
    addresses: (endpoint.addresses ?? []).map(text => {
      const prefix = text === undefined ? undefined : parsePrefix(text)
      return prefix && { address: prefix.text, prefixLength: prefix.prefixLength, family: prefix.family }
    })
  }
}

function resolveTiming (timing: Partly<ClusterFile['timing']>, path: Path, reader: Reader): Draft<TimingConfig> {
  const durationMs = (key: Exclude<TimingName, 'maxLag'>) => {
    const text = reader.or<string>(timing?.[key], [...path, key], (TIMING_SCHEMA.properties[key] as { readonly default?: string }).default)
    return text === undefined ? undefined : parseDurationMs(text)
  }
  return {
    leaseMs: durationMs('lease'),
    renewEveryMs: durationMs('renewEvery'),
    reportEveryMs: durationMs('reportEvery'),
    suspectAfterMs: durationMs('suspectAfter'),
    probeEveryMs: durationMs('probeEvery'),
    hungAfterMs: durationMs('hungAfter'),
    busyAfterMs: durationMs('busyAfter'),
    heartbeatEveryMs: durationMs('heartbeatEvery'),
    maxLagHeartbeats: reader.or<number>(timing?.maxLag, [...path, 'maxLag'], DEFAULTS.maxLag),
    handoverDeadlineMs: durationMs('handoverDeadline'),
    promoteDeadlineMs: durationMs('promoteDeadline'),
    resyncDeadlineMs: durationMs('resyncDeadline'),
    endpointLingerMs: durationMs('endpointLinger'),
    commandTimeoutMs: durationMs('commandTimeout'),
    coldStartWaitMs: durationMs('coldStartWait')
  }
}
