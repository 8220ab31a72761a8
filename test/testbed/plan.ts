// Names and addresses of a testbed, all from one index: two testbeds with different indexes have nothing in common.

export const TESTBED_INDEX_MAX = 31
/** Every testbed's files, each in a tmpfs of its own. */
export const TESTBEDS_DIRECTORY = '/run/ovsdb-ha-testbed'

export type HostKind = 'data' | 'witness' | 'controller' | 'redis' | 'balancer' | 'client'
export type NodeLayout = '3' | '2+witness' | '2'
export type ControllerCount = 1 | 2 | 3
export type RedisCount = 0 | 1 | 3

export interface HostPlan {
  readonly name: string
  readonly kind: HostKind
  readonly namespace: string
  /** The bridge's side of the host's cable; the host's side is `eth0`. */
  readonly link: string
  readonly mac: string
  readonly address: string
  readonly address6: string
  /** What the host sees as /run/ovsdb-ha. */
  readonly directory: string
}

export interface TestbedPlan {
  readonly index: number
  readonly bridge: string
  readonly bridgeMac: string
  /** The root namespace's own addresses on the bridge: from there the controller's API can be reached. */
  readonly bridgeAddress: string
  readonly bridgeAddress6: string
  readonly prefixLength: 24
  readonly prefixLength6: 64
  readonly vip: string
  readonly vip6: string
  readonly hosts: readonly HostPlan[]
  readonly directory: string
  /** What every host sees under the same path: cluster.yaml, token, certificates. */
  readonly sharedDirectory: string
  /** Agents and controllers run from the container images. */
  readonly image: boolean
}

const HOST_NUMBERS = { a: 1, b: 2, c: 3, w: 4, client: 100, ctl: 200, ctl2: 201, ctl3: 202, r1: 211, r2: 212, r3: 213, lb1: 221, lb2: 222 } as const
type HostName = keyof typeof HOST_NUMBERS

const NODES: Record<NodeLayout, Partial<Record<HostName, HostKind>>> = {
  3: { a: 'data', b: 'data', c: 'data' },
  '2+witness': { a: 'data', b: 'data', w: 'witness' },
  2: { a: 'data', b: 'data' }
}
const CONTROLLERS = ['ctl', 'ctl2', 'ctl3'] as const
const REDIS = ['r1', 'r2', 'r3'] as const
const BALANCERS = ['lb1', 'lb2'] as const

export interface Layout {
  readonly nodes: NodeLayout
  readonly controllers: ControllerCount
  readonly redis: RedisCount
  /** Two of them, which hold the virtual address instead of the nodes; none when absent. */
  readonly balancers?: boolean
  /** False when absent. */
  readonly image?: boolean
}

export function planTestbed (index: number, { nodes, controllers, redis, balancers = false, image = false }: Layout): TestbedPlan {
  if (!Number.isInteger(index) || index < 0 || index > TESTBED_INDEX_MAX) throw new RangeError(`a testbed's index is 0 to ${TESTBED_INDEX_MAX}, not ${index}`)
  const directory = `${TESTBEDS_DIRECTORY}/${index}`
  const kinds: ReadonlyArray<readonly [string, HostKind]> = [
    ...Object.entries(NODES[nodes]),
    ...CONTROLLERS.slice(0, controllers).map(name => [name, 'controller'] as const),
    ...REDIS.slice(0, redis).map(name => [name, 'redis'] as const),
    ...BALANCERS.slice(0, balancers ? BALANCERS.length : 0).map(name => [name, 'balancer'] as const),
    ['client', 'client']
  ]
  return {
    index,
    bridge: bridgeName(index),
    bridgeMac: macAddress(index, 254),
    bridgeAddress: address4(index, 254),
    bridgeAddress6: address6(index, 'fe'),
    prefixLength: 24,
    prefixLength6: 64,
    vip: address4(index, 50),
    vip6: address6(index, '50'),
    hosts: kinds.map(([name, kind]) => planHost(index, name as HostName, kind, directory)),
    directory,
    sharedDirectory: `${directory}/shared`,
    image
  }
}

export function bridgeName (index: number): string {
  return `ovha${index}`
}

/** All of a testbed's namespaces and bridge ports start with this, and those of no other testbed do. */
export function namePrefix (index: number): string {
  return `${bridgeName(index)}-`
}

export function hostOf (plan: TestbedPlan, name: string): HostPlan {
  const host = plan.hosts.find(candidate => candidate.name === name)
  if (host === undefined) throw new RangeError(`testbed ${plan.index} has no host ${name}; its hosts are ${plan.hosts.map(candidate => candidate.name).join(', ')}`)
  return host
}

/** The hosts that run an agent: the cluster's nodes. */
export function nodesOf (plan: TestbedPlan): readonly HostPlan[] {
  return plan.hosts.filter(host => host.kind === 'data' || host.kind === 'witness')
}

export function controllersOf (plan: TestbedPlan): readonly HostPlan[] {
  return plan.hosts.filter(host => host.kind === 'controller')
}

export function redisHostsOf (plan: TestbedPlan): readonly HostPlan[] {
  return plan.hosts.filter(host => host.kind === 'redis')
}

export function balancersOf (plan: TestbedPlan): readonly HostPlan[] {
  return plan.hosts.filter(host => host.kind === 'balancer')
}

export function dataHostsOf (plan: TestbedPlan): readonly HostPlan[] {
  return plan.hosts.filter(host => host.kind === 'data')
}

function planHost (index: number, name: HostName, kind: HostKind, directory: string): HostPlan {
  const number = HOST_NUMBERS[name]
  return {
    name,
    kind,
    namespace: `${namePrefix(index)}${name}`,
    link: `${namePrefix(index)}${name}`,
    mac: macAddress(index, number),
    address: address4(index, number),
    address6: address6(index, String(number)),
    directory: `${directory}/hosts/${name}`
  }
}

const address4 = (index: number, host: number) => `10.213.${index}.${host}`
const address6 = (index: number, host: string) => `fd00:213:${index.toString(16)}::${host}`
const macAddress = (index: number, host: number) => `02:d5:00:${hexByte(index)}:00:${hexByte(host)}`
const hexByte = (value: number) => value.toString(16).padStart(2, '0')
