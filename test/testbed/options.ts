import { type ControllerCount, type NodeLayout, type RedisCount } from './plan.ts'

export interface TestbedOptions {
  /** 0 to 31: names, subnet and directory. */
  readonly index: number
  readonly nodes?: NodeLayout
  /** Several need a Redis. */
  readonly controllers?: ControllerCount
  /** 0: the embedded store of the one controller; 1; or 3 independent ones, of which a majority is the store. */
  readonly redis?: RedisCount
  /** `3.1` is whatever the machine has installed; `3.5` comes from the trixie tree that deploy/bootstrap.sh --with-trixie makes. */
  readonly ovs?: '3.1' | '3.5'
  /** Each host has programs of its own, at first those of `ovs`, which `Testbed.installOvs` replaces as a package manager does, and the testbed schema files of its own. */
  readonly replaceable?: boolean
  readonly control?: 'appctl' | 'configFile'
  /** Agents and controllers run from the root file systems of the container images that deploy/image/build.sh leaves, and so do the servers. */
  readonly image?: boolean
  /** A second virtual address, of the other family. */
  readonly ipv6Vip?: boolean
  /** Clients come by two HAProxys, whose address keepalived moves: an endpoint of type http instead of virtual addresses. */
  readonly balancers?: boolean
  /** Clients and replication speak ssl. */
  readonly ssl?: boolean
  /** Agents and controller speak mutual TLS among themselves. */
  readonly tls?: boolean
  readonly guard?: 'nftables' | 'none'
  /** The controller can power data hosts off and on: see power-switch.ts. */
  readonly fence?: boolean
  /** ovn-northd of the machine beside the active, as a companion, and rows of Connection. */
  readonly northd?: boolean
  /** Automatic failovers within an hour; far more than any operator would allow when absent, since faults come fast here. */
  readonly budgetPerHour?: number
  /** Data hosts keep databases, rescues and the agent's state on a file system of this size; null: as much as the machine has. */
  readonly diskMegabytes?: number | null
  /** Keys of `timing` in cluster.yaml as they are written there, such as `{ lease: '1s' }`. */
  readonly timing?: Readonly<Record<string, string | number>>
}

export type ResolvedOptions = Required<TestbedOptions>

export function resolveOptions (options: TestbedOptions): ResolvedOptions {
  const resolved: ResolvedOptions = { nodes: '3', controllers: 1, redis: 0, ovs: '3.1', replaceable: false, image: false, control: 'appctl', ipv6Vip: false, balancers: false, ssl: false, tls: false, guard: 'nftables', fence: false, northd: false, budgetPerHour: 1_000, diskMegabytes: null, timing: {}, ...options }
  if (resolved.controllers > 1 && resolved.redis === 0) throw new RangeError(`${resolved.controllers} controllers need a store that they share: give the testbed one Redis, or three`)
  if (resolved.image && (resolved.ovs !== '3.1' || resolved.replaceable)) throw new RangeError('the image has an Open vSwitch of its own: ovs must be 3.1, and not replaceable')
  return resolved
}
