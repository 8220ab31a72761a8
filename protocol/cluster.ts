// What one cluster.yaml says, resolved: defaults filled in, durations in milliseconds, sizes in bytes.
// protocol/config.ts turns the file into these shapes; nothing else knows how the file is written.

export interface NodeConfig {
  readonly name: string
  /** The node's own address (IPv4 or IPv6, no brackets): agents, replication. Never an endpoint's address (S5). */
  readonly address: string
  readonly agentPort: number
  /** How to make certain that it is off; null when nothing can. The controller's business: agents do not know of it. */
  readonly fence: FenceConfig | null
}

/** One way to power a node off; the next one is tried where it fails. */
export interface FenceLevel {
  /** A standard fence agent (`fence_ipmilan`: options on its standard input), or a program of the operator's own (`ACTION NODE`). */
  readonly kind: 'agent' | 'exec'
  readonly program: readonly string[]
  readonly options: Readonly<Record<string, string>>
  /** option -> the file that holds its value, which is never logged. */
  readonly secretFiles: Readonly<Record<string, string>>
  /** Deadline of each action. */
  readonly timeoutMs: number
}

export interface FenceConfig {
  /** Waited before the first level: of two nodes that would fence each other, the one with the longer delay survives. */
  readonly delayMs: number
  /** `on`: once it was certainly off it is powered on again; `off`: it stays off until an operator unfences it. */
  readonly afterwards: 'off' | 'on'
  readonly levels: readonly FenceLevel[]
}

/** A node as a member of one cluster. Every member is a voter. */
export interface MemberConfig extends Omit<NodeConfig, 'fence'> {
  /** Breaks ties between nodes with equal data; higher is preferred. */
  readonly priority: number
  /** A witness has an agent and a vote, and no database. */
  readonly witness: boolean
}

export type ListenMethod = 'tcp' | 'ssl'
/** Who starts and stops the ovsdb-server process: the agent itself, systemd, or somebody else. */
export type RunMode = 'process' | 'systemd' | 'attach'
/** How roles are changed: unixctl commands, or `--config-file` and reload (ovsdb-server 3.3+). */
export type ControlMethod = 'appctl' | 'configFile'

export interface TlsFiles {
  readonly privateKey: string
  readonly certificate: string
  readonly caCertificate: string
}

/** A map of strings in a table with at most one row. */
export interface MarkerColumn {
  readonly table: string
  readonly column: string
}

/** One row of Connection (Manager): what is null, false or empty here is so in the row. */
export interface ConnectionConfig {
  /** As OVSDB writes it: `ptcp:6641:10.0.0.100`, `pssl:6641:[fd00::100]`. */
  readonly target: string
  readonly inactivityProbeMs: number | null
  readonly maxBackoffMs: number | null
  readonly readOnly: boolean
  readonly role: string
  readonly externalIds: Readonly<Record<string, string>>
  readonly otherConfig: Readonly<Record<string, string>>
}

/** One ovsdb-server process that runs on every data node of the cluster. */
export interface ServerConfig {
  readonly name: string
  readonly database: string
  readonly schemaFile: string
  /** The clients' listener: exists on the virtual addresses, or behind load balancers on the node's own, and only under the lease (the gate, S4). */
  readonly listen: { readonly method: ListenMethod, readonly port: number }
  /** The replication listener on the node's own address; same method as `listen`. */
  readonly replicationPort: number
  readonly run: {
    readonly mode: RunMode
    /** `process`: the ovsdb-server program and arguments that come before ours. */
    readonly program: readonly string[]
    /** `systemd`: the unit. */
    readonly unit: string | null
    readonly control: ControlMethod
  }
  readonly controlSocket: string
  readonly databaseSocket: string
  readonly databaseFile: string
  readonly logFile: string
  readonly pidFile: string
  /** Where markers are written; null: found in the schema. */
  readonly marker: MarkerColumn | null
  /** All rows of the table Connection; null: whatever they are, they are not ours. */
  readonly connections: readonly ConnectionConfig[] | null
  /** Present when `listen.method` is `ssl`. */
  readonly tls: TlsFiles | null
}

export interface VipAddress {
  readonly address: string
  readonly prefixLength: number
  readonly family: 4 | 6
}

export interface VipEndpointConfig {
  readonly type: 'vip'
  readonly interface: string
  readonly addresses: readonly VipAddress[]
}

/** Load balancers ask each node's agent who serves (`GET /active`), and dial the active on its own address. */
export interface HttpEndpointConfig {
  readonly type: 'http'
  /** Plain HTTP on the node's own address, for checks without a certificate; null: they ask the agent's API as its other callers do. */
  readonly checkPort: number | null
}

export type EndpointConfig = VipEndpointConfig | HttpEndpointConfig

export interface TimingConfig {
  /** How long the active may serve after the round that renewed its lease was sent (S2). */
  readonly leaseMs: number
  readonly renewEveryMs: number
  /** Heartbeat of the report stream. */
  readonly reportEveryMs: number
  /** Reports missing for this long are the first of two signs that a node is lost. */
  readonly suspectAfterMs: number
  /** Pause between two health probes of a server. */
  readonly probeEveryMs: number
  /** A server that is stopped or makes no progress is failed over after this long without an answer. */
  readonly hungAfterMs: number
  /** A server that still uses CPU or disk is failed over only after this long. */
  readonly busyAfterMs: number
  /** Pause between two heartbeat rows (position). */
  readonly heartbeatEveryMs: number
  /** A candidate may be at most this many heartbeats behind the last active (S6). */
  readonly maxLagHeartbeats: number
  /** A switchover gives up, and reopens the old gate, when the marker did not arrive in this time. */
  readonly handoverDeadlineMs: number
  readonly promoteDeadlineMs: number
  /** A backup that has not finished its first copy after this long is reported and the next one is tried. */
  readonly resyncDeadlineMs: number
  /** How long the old holder keeps the VIP without a service behind it, so that clients get a refusal instead of silence. */
  readonly endpointLingerMs: number
  /** Deadline of every `ip`, `nft`, `arping` and unixctl command. */
  readonly commandTimeoutMs: number
  /** At a cold start the controller waits this long for the remaining data nodes once a majority is there. */
  readonly coldStartWaitMs: number
}

/** What keeps a cluster from being failed over again and again; the controller's business. */
export interface FailoverConfig {
  /** So many automatic failovers in `budgetWindowMs`, and then an operator is waited for. */
  readonly budgetFailovers: number
  readonly budgetWindowMs: number
  /** For so long a node that failed is not preferred to another one with the same data; 0: not at all. */
  readonly lockoutMs: number
}

export interface RescueConfig {
  readonly directory: string
  readonly maxFiles: number
  readonly maxBytes: number
  /** For so long one that was acknowledged is kept. */
  readonly maxAgeMs: number
}

/** Verified copies of all databases, on the node that took them. */
export interface SnapshotsConfig {
  readonly directory: string
  readonly maxSnapshots: number
  readonly maxBytes: number
  /** Program and first arguments; called with the directory of a new snapshot. Empty: none. */
  readonly hook: readonly string[]
  readonly hookTimeoutMs: number
}

/** What the leader does at set times; null: not at all. The controllers' business. */
export interface SchedulesConfig {
  readonly timezone: string
  /** Clusters with the same schedule begin within this time of each other. */
  readonly jitterMs: number
  /** A run that cannot begin for so long is missed. */
  readonly startWithinMs: number
  readonly snapshot: { readonly cron: string } | null
  readonly audit: { readonly cron: string } | null
  /** The active is compacted when next to nothing was written to it for `quietForMs`. */
  readonly compaction: { readonly cron: string, readonly quietForMs: number } | null
  /** The other node serves for `stayMs` before the way back. */
  readonly drill: { readonly cron: string, readonly stayMs: number } | null
}

/** A service that runs only where the active is. */
export interface CompanionConfig {
  readonly name: string
  /** A command in the foreground, with `{socket:NAME}` for a server's local socket; or a systemd service. */
  readonly run: { readonly type: 'command', readonly command: readonly string[], readonly logFile: string, readonly stateFile: string } | { readonly type: 'unit', readonly unit: string }
  /** Exit 0: it is well. Empty: it is, as long as it runs. */
  readonly check: readonly string[]
  /** Started before clients are let in; without it there is no promotion. */
  readonly required: boolean
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly checkEveryMs: number
  readonly checkTimeoutMs: number
  /** At most so many restarts in `restartWindowMs`. */
  readonly restarts: number
  readonly restartWindowMs: number
}

export interface ClusterConfig {
  readonly name: string
  readonly members: readonly MemberConfig[]
  readonly servers: readonly ServerConfig[]
  readonly endpoints: readonly EndpointConfig[]
  readonly timing: TimingConfig
  readonly guard: 'nftables' | 'none'
  readonly rescue: RescueConfig
  readonly failover: FailoverConfig
  readonly snapshots: SnapshotsConfig
  readonly schedules: SchedulesConfig
  /** In the order in which they start. */
  readonly companions: readonly CompanionConfig[]
}

export interface TokenConfig {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  /** The file that holds the token; its content is never logged. */
  readonly file: string
}

/** One Redis, or the one that Sentinel calls the master. */
export type RedisServer =
  | { readonly type: 'instance', readonly text: string, readonly host: string, readonly port: number, readonly tls: boolean }
  /** `text` is the address as it is written; it holds no password. */
  | { readonly type: 'sentinel', readonly text: string, readonly sentinels: ReadonlyArray<{ readonly host: string, readonly port: number }>, readonly master: string, readonly tls: boolean }

export interface EmbeddedStoreConfig {
  readonly type: 'embedded'
  readonly file: string
}

export interface RedisStoreConfig {
  readonly type: 'redis'
  /** One, or an odd number of independent ones. */
  readonly servers: readonly RedisServer[]
  readonly username: string | null
  /** The file that holds the password; its content is never logged. */
  readonly passwordFile: string | null
  readonly keyPrefix: string
  /** For `rediss://`; null: the system's authorities. */
  readonly tls: TlsFiles | null
}

export interface ControllerConfig {
  readonly name: string
  readonly listen: string
  readonly port: number
  /** The other controllers: agents take orders from them too. */
  readonly others: ReadonlyArray<{
    readonly name: string
    /** Its REST API as operators reach it; null where the file does not say. */
    readonly url: string | null
  }>
  readonly store: EmbeddedStoreConfig | RedisStoreConfig
  readonly tokens: readonly TokenConfig[]
  /** Clusters that this controller changes the active of by itself at one time. */
  readonly recoveriesAtOnce: number
}

export interface Config {
  readonly nodes: readonly NodeConfig[]
  readonly agent: {
    readonly stateDirectory: string
    readonly runDirectory: string
    /** The device that resets the host when the agent freezes; null when none is used. */
    readonly watchdog: string | null
  }
  readonly controller: ControllerConfig
  /** Certificates for our own parts; `{node}` in a path is replaced by the node's (or controller's) name. Null: plain HTTP. */
  readonly tls: TlsFiles | null
  /** Plain HTTP beyond loopback was asked for in so many words. */
  readonly insecure: boolean
  readonly clusters: readonly ClusterConfig[]
}

export function dataMembers (cluster: ClusterConfig): readonly MemberConfig[] {
  return cluster.members.filter(member => !member.witness)
}

/** How many voters make a majority. */
export function quorumOf (voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** The addresses that move with the active. */
export function virtualAddresses ({ endpoints }: Pick<ClusterConfig, 'endpoints'>): readonly string[] {
  return endpoints.flatMap(endpoint => endpoint.type === 'vip' ? endpoint.addresses.map(({ address }) => address) : [])
}

/** What reports, views and metrics call each of the endpoints that one node can hold: a virtual address, or `http:8644` for the answers to load balancers. */
export function endpointNames ({ endpoints }: Pick<ClusterConfig, 'endpoints'>): readonly string[] {
  return endpoints.flatMap(endpoint => endpoint.type === 'vip' ? endpoint.addresses.map(({ address }) => address) : [httpEndpointName(endpoint)])
}

export function httpEndpointName ({ checkPort }: HttpEndpointConfig): string {
  return checkPort === null ? 'http' : `http:${checkPort}`
}
