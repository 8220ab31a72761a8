// The cluster.yaml of a testbed: one cluster `ovn` with the Northbound and the Southbound database.
import { HOST_DIRECTORY } from './host.ts'
import { type ResolvedOptions } from './options.ts'
import { controllersOf, nodesOf, redisHostsOf, type HostPlan, type TestbedPlan } from './plan.ts'
import { powerSwitchFence } from './power-switch.ts'

export const CLUSTER_NAME = 'ovn'
export const CONTROLLER_PORT = 8640
export const REDIS_PORT = 6379
export const AGENT_PORT = 8643
/** As in the delivered haproxy.cfg. */
export const CHECK_PORT = 8644

export const SERVERS = [
  { name: 'nb', database: 'OVN_Northbound', port: 6641, replicationPort: 16641 },
  { name: 'sb', database: 'OVN_Southbound', port: 6642, replicationPort: 16642 }
] as const
export type ServerName = typeof SERVERS[number]['name']

/** Paths of one server as its host sees them. */
export function serverPaths (name: string) {
  return {
    controlSocket: `${HOST_DIRECTORY}/run/${name}.ctl`,
    databaseSocket: `${HOST_DIRECTORY}/run/${name}.sock`,
    databaseFile: `${HOST_DIRECTORY}/lib/${name}.db`,
    logFile: `${HOST_DIRECTORY}/log/${name}.log`,
    pidFile: `${HOST_DIRECTORY}/run/${name}.pid`
  }
}

export const AGENT_LOG = `${HOST_DIRECTORY}/log/agent.log`
export const CONTROLLER_LOG = `${HOST_DIRECTORY}/log/controller.log`
export const REDIS_LOG = `${HOST_DIRECTORY}/log/redis.log`

/** The file of one controller; without one, the file of the agents (and of the first controller). They differ in what a controller says of itself. */
export function clusterFilePath (plan: TestbedPlan, controller: HostPlan | undefined = controllersOf(plan)[0]): string {
  const name = controller?.name ?? 'ctl'
  return `${plan.sharedDirectory}/${name === 'ctl' ? 'cluster' : `cluster-${name}`}.yaml`
}

/** A controller's REST API. */
export function controllerUrl (options: ResolvedOptions, { address }: HostPlan): string {
  return `${options.tls ? 'https' : 'http'}://${address}:${CONTROLLER_PORT}`
}

export function tokenFilePath (plan: TestbedPlan): string {
  return `${plan.sharedDirectory}/token`
}

/** `name` is that of a host, or `{node}` for cluster.yaml's own template. */
export function certificatePaths (plan: TestbedPlan, name: string) {
  const directory = `${plan.sharedDirectory}/tls`
  return { certificate: `${directory}/${name}-cert.pem`, privateKey: `${directory}/${name}-key.pem`, caCertificate: `${directory}/ca-cert.pem` }
}

/** The schema file of a testbed whose Open vSwitch is `replaceable`: the same on every host. */
export function schemaPath (plan: TestbedPlan, server: ServerName): string {
  return `${plan.sharedDirectory}/${server}.ovsschema`
}

/** The addresses that clients dial. */
export function vipAddresses (plan: TestbedPlan, options: ResolvedOptions): readonly string[] {
  return options.ipv6Vip ? [plan.vip, plan.vip6] : [plan.vip]
}

export const NORTHD_CONTROL = `${HOST_DIRECTORY}/run/northd.ctl`

/** It begins anew after some hundred milliseconds, and is looked at often: tests need not wait. */
function northd () {
  return {
    name: 'northd',
    command: ['ovn-northd', '--ovnnb-db=unix:{socket:nb}', '--ovnsb-db=unix:{socket:sb}', `--unixctl=${NORTHD_CONTROL}`],
    check: ['ovs-appctl', '-T', '5', '-t', NORTHD_CONTROL, 'status'],
    checkEvery: '500ms',
    checkTimeout: '8s',
    startTimeout: '20s',
    stopTimeout: '1s',
    restarts: 3,
    restartWindow: '1m',
    logFile: `${HOST_DIRECTORY}/log/northd.log`
  }
}

/** The file's content as data, for one controller or the agents; what is not written takes its default. `program` is what runs ovsdb-server. */
export function clusterFile (plan: TestbedPlan, options: ResolvedOptions, program: readonly string[], self: HostPlan | undefined = controllersOf(plan)[0]) {
  const nodes = nodesOf(plan)
  const others = controllersOf(plan).filter(host => host !== self)
  const redis = redisHostsOf(plan)
  return {
    version: 1,
    nodes: nodes.map(host => ({ name: host.name, address: host.address, agentPort: AGENT_PORT, ...options.fence && host.kind === 'data' ? { fence: powerSwitchFence(plan, host.name) } : {} })),
    agent: { stateDirectory: `${HOST_DIRECTORY}/lib`, runDirectory: `${HOST_DIRECTORY}/run` },
    controller: {
      name: self?.name,
      listen: self?.address,
      port: CONTROLLER_PORT,
      ...others.length === 0 ? {} : { others: others.map(host => ({ name: host.name, url: controllerUrl(options, host) })) },
      store: redis.length === 0
        ? { type: 'embedded', file: `${HOST_DIRECTORY}/lib/controller.db` }
        : { type: 'redis', urls: redis.map(({ address }) => `redis://${address}:${REDIS_PORT}`) },
      tokens: [{ name: 'testbed', role: 'admin', file: tokenFilePath(plan) }]
    },
    ...options.tls ? { tls: certificatePaths(plan, '{node}') } : { insecure: true },
    clusters: [{
      name: CLUSTER_NAME,
      nodes: nodes.map(host => host.kind === 'witness' ? { name: host.name, witness: true } : host.name),
      networks: [`10.213.${plan.index}.0/${plan.prefixLength}`, `fd00:213:${plan.index.toString(16)}::/${plan.prefixLength6}`],
      servers: SERVERS.map(server => ({
        name: server.name,
        database: server.database,
        ...options.replaceable ? { schema: schemaPath(plan, server.name) } : {},
        listen: { method: options.ssl ? 'ssl' : 'tcp', port: server.port },
        replicationPort: server.replicationPort,
        ...options.northd ? { connections: [{ target: `ptcp:${server.port}:${plan.vip}`, inactivityProbe: '60s' }] } : {},
        run: { mode: 'process', program: [...program], control: options.control },
        ...serverPaths(server.name),
        ...options.ssl ? { tls: certificatePaths(plan, 'server') } : {}
      })),
      endpoints: [options.balancers
        ? { type: 'http', checkPort: CHECK_PORT }
        : { type: 'vip', interface: 'eth0', addresses: [`${plan.vip}/${plan.prefixLength}`, ...options.ipv6Vip ? [`${plan.vip6}/${plan.prefixLength6}`] : []] }],
      ...Object.keys(options.timing).length > 0 ? { timing: options.timing } : {},
      guard: options.guard,
      ...options.northd ? { companions: [northd()] } : {},
      failover: { budgetPerHour: options.budgetPerHour }
    }]
  }
}
