// cluster.yaml as it is written: keys, types, defaults and a sentence for each. One source for the check at start, for
// `ovsdb-ha config check` and for the JSON Schema that editors use. What the parts get is in cluster.ts.
import { Type, type Static } from 'typebox'
import { CompanionSchema, ConnectionSchema } from './companion-schema.ts'
import { SchedulesSchema, SnapshotsSchema } from './schedule-schema.ts'
import { AbsolutePath, Duration, HostAddress, ListenAddress, Name, Network, Port, RedisUrl, Size, SocketPath, VirtualAddress } from './config-fields.ts'

const closed = { additionalProperties: false } as const
const MINUTE_MS = 60_000

/** Defaults that hold for every file; those that depend on other keys are in config-resolve.ts. */
export const DEFAULTS = {
  agentPort: 8_643,
  stateDirectory: '/var/lib/ovsdb-ha',
  runDirectory: '/run/ovsdb-ha',
  controllerName: 'controller',
  controllerListen: '127.0.0.1',
  controllerPort: 8_640,
  storeFile: '/var/lib/ovsdb-ha/controller.db',
  storeKeyPrefix: 'ovsdb-ha:',
  program: 'ovsdb-server',
  /** `replicationPort` is `listen.port` plus this. */
  replicationPortOffset: 10_000,
  maxLag: 3,
  fenceTimeout: '30s',
  fenceDelay: '0s',
  budgetPerHour: 4,
  lockout: '10m',
  recoveriesAtOnce: 8,
  rescueMaxFiles: 20,
  rescueMaxSize: '1GiB',
  rescueMaxAge: '720h'
} as const

/** Where the packages of Debian, Ubuntu and Fedora install the schemas. */
export const SCHEMA_FILES: Readonly<Record<string, string>> = {
  OVN_Northbound: '/usr/share/ovn/ovn-nb.ovsschema',
  OVN_Southbound: '/usr/share/ovn/ovn-sb.ovsschema',
  OVN_IC_Northbound: '/usr/share/ovn/ovn-ic-nb.ovsschema',
  OVN_IC_Southbound: '/usr/share/ovn/ovn-ic-sb.ovsschema',
  hardware_vtep: '/usr/share/openvswitch/vtep.ovsschema',
  Open_vSwitch: '/usr/share/openvswitch/vswitch.ovsschema'
}

const FenceLevelSchema = Type.Object({
  agent: Type.Optional(Type.String({ pattern: '^(/[^\\u0000-\\u001f]*/)?fence_[a-z0-9_]{1,60}$', maxLength: 4_095, patternErrorMessage: 'the name of a fence agent, such as fence_ipmilan, or its absolute path', description: 'A standard fence agent; it reads its options from its standard input.' })),
  options: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 1_023, pattern: '^[^\\u0000-\\u001f]*$', patternErrorMessage: 'a text in one line (in quotes where YAML would read a number)', description: 'The value of an option.' }), { ...closed, maxProperties: 64, description: 'With agent: its options, as its own page names them (ip, username, plug).' })),
  secrets: Type.Optional(Type.Record(Type.String(), AbsolutePath({ description: 'The file that holds the value of an option.' }), { ...closed, maxProperties: 16, description: 'With agent: options whose values stand in files, such as password. They are never logged.' })),
  exec: Type.Optional(Type.Union([
    AbsolutePath({ description: 'The program.' }),
    Type.Array(Type.String({ minLength: 1, maxLength: 4_095 }), { minItems: 1, maxItems: 64, description: 'The program and its first arguments.' })
  ], { description: 'Instead of agent: a program of your own, called with the action (off, on, status, monitor) and the node. Exit codes as a fence agent: 0 done, or on; status 2 off.' })),
  timeout: Type.Optional(Duration(500, 10 * MINUTE_MS, DEFAULTS.fenceTimeout, 'Deadline of each action.'))
}, { ...closed, description: 'One way to power the node off: agent, or exec.' })

const FenceSchema = Type.Object({
  delay: Type.Optional(Duration(0, 5 * MINUTE_MS, DEFAULTS.fenceDelay, 'Waited before the node is fenced. With two nodes, give one a longer delay than the other: if ever two controllers would fence one each, it survives.')),
  afterwards: Type.Optional(Type.Enum(['off', 'on'], { default: 'off', description: 'off: stays off until "ovsdb-ha unfence"; on: powered on again once the controller has made certain that it was off. What an operator powers off stays off.' })),
  levels: Type.Array(FenceLevelSchema, { minItems: 1, maxItems: 8, description: 'Tried in order, until one says that the node is off.' })
}, { ...closed, description: 'How the controller makes certain that this node is off.' })

const NodeSchema = Type.Object({
  name: Name('The node, as clusters refer to it. With tls, its certificate carries this name.'),
  address: HostAddress({ description: 'The node\'s own address: controllers and voters dial the agent there, backups replicate from there. Never an endpoint\'s address.' }),
  agentPort: Type.Optional(Port({ default: DEFAULTS.agentPort, description: 'Port of the agent\'s API.' })),
  fence: Type.Optional(FenceSchema)
}, { ...closed, description: 'A host that runs an agent.' })

const AgentSchema = Type.Object({
  stateDirectory: Type.Optional(AbsolutePath({ default: DEFAULTS.stateDirectory, description: 'What must survive a reboot: the voter\'s state, databases, rescues.' })),
  runDirectory: Type.Optional(AbsolutePath({ default: DEFAULTS.runDirectory, description: 'Sockets and pid files.' })),
  watchdog: Type.Optional(AbsolutePath({ description: 'A watchdog device, such as /dev/watchdog: fed by the agent while it is well, and resets the host when it is not. None when absent.' }))
}, { ...closed, description: 'What all agents have in common.' })

const TlsSchema = Type.Object({
  certificate: AbsolutePath({ description: 'PEM file; {node} is replaced by the name of the node or controller that reads it.' }),
  privateKey: AbsolutePath({ description: 'PEM file; {node} as above.' }),
  caCertificate: AbsolutePath({ description: 'PEM file of the authority that signed every agent\'s and controller\'s certificate.' })
}, { ...closed, description: 'Certificates of agents and controllers: both sides of every connection are checked.' })

const TokenSchema = Type.Object({
  name: Name('Who: appears in the history beside what was ordered.'),
  role: Type.Enum(['viewer', 'operator', 'admin'], { description: 'A viewer reads; an operator also orders switchovers, failovers and pauses; an admin also powers nodes off and on.' }),
  file: AbsolutePath({ description: 'The file that holds the token.' })
}, closed)

const OtherControllerSchema = Type.Object({
  name: Name('Another controller.'),
  url: Type.Optional(Type.String({ maxLength: 300, pattern: '^https?://[^/?#@\\s]+$', patternErrorMessage: 'the address of its REST API, such as https://10.0.0.12:8640', description: 'Its REST API: operators who ask this controller for what only the leader does are told it.' }))
}, closed)

const ControllerSchema = Type.Object({
  name: Type.Optional(Name('This controller in history and certificates.', { default: DEFAULTS.controllerName })),
  listen: Type.Optional(ListenAddress({ default: DEFAULTS.controllerListen, description: 'Address of the REST API and the dashboard.' })),
  port: Type.Optional(Port({ default: DEFAULTS.controllerPort, description: 'Port of the REST API and the dashboard.' })),
  others: Type.Optional(Type.Array(Type.Union([Name('Another controller.'), OtherControllerSchema]), { minItems: 1, maxItems: 16, description: 'The other controllers, with a store of type redis: agents take orders from them too.' })),
  store: Type.Optional(Type.Object({
    type: Type.Enum(['embedded', 'redis'], { description: 'embedded: one controller, one file. redis: several controllers.' }),
    file: Type.Optional(AbsolutePath({ default: DEFAULTS.storeFile, description: 'The embedded store\'s file.' })),
    urls: Type.Optional(Type.Array(RedisUrl({ description: 'redis:// or rediss:// (TLS) and an address; or sentinel://HOST,HOST,HOST/MASTER.' }), { minItems: 1, maxItems: 9, description: 'With type redis: one, or an odd number of independent ones, of which a majority must agree.' })),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Redis\' ACL user.' })),
    passwordFile: Type.Optional(AbsolutePath({ description: 'The file that holds Redis\' password.' })),
    keyPrefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9:_.-]{1,64}$', patternErrorMessage: '1 to 64 letters, digits and : _ . -', default: DEFAULTS.storeKeyPrefix, description: 'What every key in Redis begins with.' })),
    tls: Type.Optional(TlsSchema)
  }, { ...closed, description: 'Where the controller remembers leadership, operator intent and history.' })),
  recoveriesAtOnce: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, default: DEFAULTS.recoveriesAtOnce, description: 'Clusters that are failed over at one time, when many lose their active at once; the others wait for their turn, half a minute at most.' })),
  tokens: Type.Optional(Type.Array(TokenSchema, { maxItems: 64, description: 'Who may use the REST API. Without any, everybody who reaches it (then only on loopback).' }))
}, { ...closed, description: 'The controller.' })

const ClusterNodeSchema = Type.Object({
  name: Name('A node from the list of nodes.'),
  priority: Type.Optional(Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, default: 0, description: 'Breaks ties between nodes with equal data; higher is preferred.' })),
  witness: Type.Optional(Type.Boolean({ default: false, description: 'A witness has a vote and no database.' }))
}, closed)

const ListenSchema = Type.Object({
  method: Type.Enum(['tcp', 'ssl'], { description: 'How clients connect.' }),
  port: Port({ description: 'Port on the endpoints\' addresses; with an endpoint of type http, on the node\'s own.' })
}, { ...closed, description: 'The clients\' listener: on the endpoints\' addresses, only on the active, only under its lease.' })

const RunSchema = Type.Object({
  mode: Type.Optional(Type.Enum(['process', 'systemd', 'attach'], { default: 'process', description: 'Who starts and stops the server: the agent itself, a systemd unit, or somebody else.' })),
  program: Type.Optional(Type.Union([
    Type.String({ minLength: 1, maxLength: 4_095, description: 'The program.' }),
    Type.Array(Type.String({ minLength: 1, maxLength: 4_095 }), { minItems: 1, maxItems: 64, description: 'The program and arguments that come before ours.' })
  ], { default: DEFAULTS.program, description: 'With mode process: the ovsdb-server program, or a list of program and first arguments.' })),
  unit: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9:_.\\\\@-]{1,240}\\.service$', patternErrorMessage: 'the name of a systemd service, such as ovn-nb.service', description: 'With mode systemd: the unit that runs the server.' })),
  control: Type.Optional(Type.Enum(['appctl', 'configFile'], { default: 'appctl', description: 'How roles are changed: by control socket commands, or by --config-file (ovsdb-server 3.3 and later, mode process).' }))
}, { ...closed, description: 'How the server process is run.' })

const ServerTlsSchema = Type.Object({
  privateKey: AbsolutePath({ description: 'PEM file.' }),
  certificate: AbsolutePath({ description: 'PEM file.' }),
  caCertificate: AbsolutePath({ description: 'PEM file of the authority that signed the clients\' and the other servers\' certificates.' })
}, { ...closed, description: 'The server\'s certificates, for clients and for replication. Required when listen.method is ssl.' })

const Identifier = (description: string) => Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$', patternErrorMessage: 'a name as the schema has it', description })

const MarkerSchema = Type.Object({
  table: Identifier('A table with at most one row (maxRows 1), such as NB_Global.'),
  column: Identifier('A column of it that maps strings to strings, such as external_ids.')
}, { ...closed, description: 'Where the marker of a switchover is written. Found by itself in schemas that have a single-row table with external_ids or other_config (OVN_Northbound, OVN_Southbound, Open_vSwitch, hardware_vtep); for others.' })

const ServerSchema = Type.Object({
  name: Name('The server in status and file names, such as nb.'),
  database: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$', patternErrorMessage: 'the name of a database schema, such as OVN_Northbound', description: 'The database\'s name, as its schema has it.' }),
  schema: Type.Optional(AbsolutePath({ description: 'The schema file; known for OVN_Northbound, OVN_Southbound, hardware_vtep and Open_vSwitch.' })),
  listen: ListenSchema,
  replicationPort: Type.Optional(Port({ description: 'Port of the replication listener on the node\'s own address; listen.port + 10000 when absent.' })),
  run: Type.Optional(RunSchema),
  controlSocket: Type.Optional(SocketPath({ description: 'Control socket (ovs-appctl); <runDirectory>/<cluster>/<name>.ctl when absent.' })),
  databaseSocket: Type.Optional(SocketPath({ description: 'Socket of the local database connection; <runDirectory>/<cluster>/<name>.sock when absent.' })),
  databaseFile: Type.Optional(AbsolutePath({ description: 'The database; <stateDirectory>/<cluster>/<name>.db when absent.' })),
  logFile: Type.Optional(AbsolutePath({ description: 'The server\'s log; /var/log/ovsdb-ha/<cluster>-<name>.log when absent.' })),
  pidFile: Type.Optional(AbsolutePath({ description: 'The server\'s pid file; <runDirectory>/<cluster>/<name>.pid when absent.' })),
  marker: Type.Optional(MarkerSchema),
  connections: Type.Optional(Type.Array(ConnectionSchema, { minItems: 1, maxItems: 32, description: 'The rows of the table Connection, exactly: others are removed. Left alone when absent.' })),
  tls: Type.Optional(ServerTlsSchema)
}, { ...closed, description: 'One ovsdb-server process that runs on every data node of the cluster.' })

const EndpointSchema = Type.Object({
  type: Type.Enum(['vip', 'http'], { description: 'vip: virtual IP addresses that follow the active. http: load balancers of yours ask each agent for /active, and dial the active on its own address.' }),
  interface: Type.Optional(Type.String({ pattern: '^(?!\\.{1,2}$)[^\\s/:%]{1,15}$', patternErrorMessage: 'a network interface: at most 15 characters, no slash, colon, percent sign or space', description: 'With vip: the interface that takes the addresses; the same name on every data node.' })),
  addresses: Type.Optional(Type.Array(VirtualAddress({ description: 'An address and the prefix length of its network.' }), { minItems: 1, maxItems: 32, description: 'With vip: the addresses that clients dial.' })),
  checkPort: Type.Optional(Port({ description: 'With http: port of plain HTTP on each data node\'s own address, where whoever reaches it may ask for /active, /backup and /live, and nothing else. Without it load balancers ask the agent\'s port, with a certificate where there is tls.' }))
}, { ...closed, description: 'How clients reach the active.' })

const TimingSchema = Type.Object({
  lease: Type.Optional(Duration(500, 10 * MINUTE_MS, '2s', 'How long the active may serve after its last renewal. Bounds the failover from a lost node.')),
  renewEvery: Type.Optional(Duration(50, 3 * MINUTE_MS, '500ms', 'Pause between renewals; at most a third of lease, so that two lost renewals are survived.')),
  reportEvery: Type.Optional(Duration(50, MINUTE_MS, '250ms', 'Heartbeat of the agents\' report stream.')),
  suspectAfter: Type.Optional(Duration(100, 10 * MINUTE_MS, '1s', 'Reports missing for this long are the first of two signs that a node is lost.')),
  probeEvery: Type.Optional(Duration(50, MINUTE_MS, '250ms', 'Pause between two health probes of a server.')),
  hungAfter: Type.Optional(Duration(100, 10 * MINUTE_MS, '1s', 'A server that is stopped or makes no progress is failed over after this long without an answer.')),
  busyAfter: Type.Optional(Duration(1_000, 60 * MINUTE_MS, '20s', 'A server that does not answer but uses CPU or disk is failed over only after this long, and only when a backup can take over.')),
  heartbeatEvery: Type.Optional(Duration(100, MINUTE_MS, '1s', 'Pause between two heartbeat rows, the measure of how far a backup is.')),
  maxLag: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, default: DEFAULTS.maxLag, description: 'Automatic failover takes a node that is at most this many heartbeats behind.' })),
  handoverDeadline: Type.Optional(Duration(100, 5 * MINUTE_MS, '2s', 'A switchover that has not moved all data in this time is undone; after the crash of one server the last writes of the others are waited for so long, and no longer than a lease.')),
  promoteDeadline: Type.Optional(Duration(500, 10 * MINUTE_MS, '5s', 'A promotion that takes longer is undone.')),
  resyncDeadline: Type.Optional(Duration(1_000, 10 * MINUTE_MS, '120s', 'A backup whose first copy takes longer is reported, and the next one is tried.')),
  endpointLinger: Type.Optional(Duration(0, 10_000, '200ms', 'How long the old active keeps the address after a switchover, so that clients get a refusal instead of silence.')),
  commandTimeout: Type.Optional(Duration(100, MINUTE_MS, '2s', 'Deadline of every ip, nft, arping and control socket command.')),
  coldStartWait: Type.Optional(Duration(0, 60 * MINUTE_MS, '30s', 'At a cold start: how long to wait, once a majority is there, for data nodes that may hold newer data. The last active waits for nobody.'))
}, { ...closed, description: 'How fast; the defaults suit a local network.' })

const FailoverSchema = Type.Object({
  budgetPerHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: DEFAULTS.budgetPerHour, description: 'So many automatic failovers in an hour; then the cluster holds until the oldest is an hour old or an operator acknowledges. Orders by hand are never refused for it.' })),
  lockout: Type.Optional(Duration(0, 24 * 60 * MINUTE_MS, DEFAULTS.lockout, 'How long a node that failed is not preferred to another one with the same data, whatever its priority; it still serves when nobody else can. 0s: not at all.'))
}, { ...closed, description: 'What keeps the cluster from being failed over again and again.' })

const RescueSchema = Type.Object({
  directory: Type.Optional(AbsolutePath({ description: '<stateDirectory>/<cluster>/rescue when absent.' })),
  maxFiles: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: DEFAULTS.rescueMaxFiles, description: 'At most this many; those that were acknowledged go first, then the oldest.' })),
  maxSize: Type.Optional(Size({ default: DEFAULTS.rescueMaxSize, description: 'At most this much in all, compressed.' })),
  maxAge: Type.Optional(Duration(60 * MINUTE_MS, 87_600 * 60 * MINUTE_MS, DEFAULTS.rescueMaxAge, 'How long one is kept after it was acknowledged. Age never removes one that nobody has acknowledged.'))
}, { ...closed, description: 'What is kept of a node\'s data before replication overwrites it.' })

const ClusterSchema = Type.Object({
  name: Name('The cluster.'),
  nodes: Type.Array(Type.Union([Name('A node from the list of nodes.'), ClusterNodeSchema]), { minItems: 1, maxItems: 15, description: 'Its nodes: names, or names with priority or witness. Every one has a vote.' }),
  networks: Type.Optional(Type.Array(Network({ description: 'A network.' }), { minItems: 1, maxItems: 32, description: 'Virtual addresses must be inside one of these. When absent, their own network must hold the data nodes\' addresses.' })),
  servers: Type.Array(ServerSchema, { minItems: 1, maxItems: 8, description: 'The servers, which move together.' }),
  endpoints: Type.Array(EndpointSchema, { minItems: 1, maxItems: 8, description: 'How clients reach the active.' }),
  timing: Type.Optional(TimingSchema),
  guard: Type.Optional(Type.Enum(['nftables', 'none'], { default: 'nftables', description: 'What shuts the service ports in the kernel when the lease ends although the agent cannot act.' })),
  rescue: Type.Optional(RescueSchema),
  failover: Type.Optional(FailoverSchema),
  snapshots: Type.Optional(SnapshotsSchema),
  schedules: Type.Optional(SchedulesSchema),
  companions: Type.Optional(Type.Array(CompanionSchema, { minItems: 1, maxItems: 16, description: 'Services that run only where the active is: started in this order, stopped in the reverse one.' }))
}, { ...closed, description: 'One failover unit: servers that move together, their nodes and their endpoints.' })

export const ConfigFileSchema = Type.Object({
  version: Type.Literal(1, { description: 'Version of this file\'s format.' }),
  nodes: Type.Array(NodeSchema, { minItems: 1, maxItems: 256, description: 'The hosts that run an agent.' }),
  agent: Type.Optional(AgentSchema),
  controller: Type.Optional(ControllerSchema),
  tls: Type.Optional(TlsSchema),
  insecure: Type.Optional(Type.Boolean({ default: false, description: 'Allow plain HTTP between agents and controllers beyond loopback: whoever reaches an agent\'s port can then stop the service.' })),
  clusters: Type.Array(ClusterSchema, { minItems: 1, maxItems: 256, description: 'The failover units.' })
}, { ...closed, title: 'ovsdb-ha cluster.yaml', description: 'Configuration of ovsdb-ha; the same file for agents and controllers.' })

/** The file after the check of shapes, before defaults. */
export type ConfigFile = Static<typeof ConfigFileSchema>
export type FenceFile = NonNullable<ConfigFile['nodes'][number]['fence']>
export type ClusterFile = ConfigFile['clusters'][number]
export type StoreFile = NonNullable<NonNullable<ConfigFile['controller']>['store']>
export type OtherFile = NonNullable<NonNullable<ConfigFile['controller']>['others']>[number]
export type ServerFile = ClusterFile['servers'][number]
export type CompanionFile = NonNullable<ClusterFile['companions']>[number]
export type ConnectionFile = NonNullable<ServerFile['connections']>[number]
export const TIMING_SCHEMA = TimingSchema

/** JSON Schema (draft 2020-12) for editors: completion, descriptions, and the checks that need one value only. */
export function configJsonSchema (): Record<string, unknown> {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...JSON.parse(JSON.stringify(ConfigFileSchema)) as object }
}
