// Hosts are network namespaces on a bridge. Nothing here keeps state: what exists is read from the kernel.
import { readdir, readFile, rm } from 'node:fs/promises'
import { command } from './command.ts'
import { bridgeName, namePrefix, type HostPlan, type TestbedPlan } from './plan.ts'
import { poll } from './wait.ts'

/** `out`: nothing that the host sends arrives; `in`: nothing arrives at the host. */
export type CutDirection = 'both' | 'in' | 'out'

const NETNS_DIRECTORY = '/run/netns'
const LINK_DEADLINE_MS = 5_000
/** BR_STATE_FORWARDING of linux/if_bridge.h. */
const BRIDGE_PORT_FORWARDING = '3'

export async function createNetwork (plan: TestbedPlan): Promise<void> {
  await ipBatch([
    // snooping would keep neighbour solicitations from hosts that just came up
    `link add name ${plan.bridge} address ${plan.bridgeMac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${plan.bridge} up`,
    `addr add ${plan.bridgeAddress}/${plan.prefixLength} dev ${plan.bridge}`,
    `addr add ${plan.bridgeAddress6}/${plan.prefixLength6} dev ${plan.bridge} nodad`,
    ...plan.hosts.flatMap(host => [
      `netns add ${host.namespace}`,
      `link add name ${host.link} type veth peer name eth0 address ${host.mac} netns ${host.namespace}`,
      `link set ${host.link} master ${plan.bridge} up`
    ])
  ])
  for (const host of plan.hosts) await configureInterfaces(plan, host)
}

/** Gives the host the addresses that it has at boot. Run again after `wipeInterfaces`. */
export async function configureInterfaces (plan: TestbedPlan, host: HostPlan): Promise<void> {
  await ipBatch([
    'link set lo up',
    'link set eth0 up',
    `addr add ${host.address}/${plan.prefixLength} dev eth0`,
    `addr add ${host.address6}/${plan.prefixLength6} dev eth0 nodad`
  ], host.namespace)
}

/** What a power cut takes from a host's kernel: its addresses, its packet filter, its neighbours. */
export async function wipeInterfaces (host: HostPlan): Promise<void> {
  await ipBatch(['link set eth0 down', 'addr flush dev eth0', 'neigh flush all'], host.namespace)
  await command('ip', ['netns', 'exec', host.namespace, 'nft', 'flush', 'ruleset'])
}

/** Pulls the host's cable, or lets packets through one way only. The host's own interface stays up, as with a dead switch port. */
export async function cut (plan: TestbedPlan, host: HostPlan, direction: CutDirection): Promise<void> {
  if (direction === 'both') {
    await command('ip', ['link', 'set', host.link, 'down'])
    return
  }
  const [chain, hook] = direction === 'out' ? [`${host.name}-out`, 'ingress'] : [`${host.name}-in`, 'egress']
  await command('nft', ['-f', '-'], {
    input: `add table netdev ${plan.bridge}
      add chain netdev ${plan.bridge} ${chain} { type filter hook ${hook} device "${host.link}" priority 0; policy drop; }`
  })
}

/** Undoes every cut of the host, and resolves when the bridge forwards again: the kernel takes up to a second to see a cable. */
export async function heal (plan: TestbedPlan, host: HostPlan): Promise<void> {
  const ruleset = await command('nft', ['list', 'tables', 'netdev'])
  if (ruleset.split('\n').includes(`table netdev ${plan.bridge}`)) {
    const table = await command('nft', ['list', 'table', 'netdev', plan.bridge])
    for (const chain of [`${host.name}-out`, `${host.name}-in`]) {
      if (table.includes(`chain ${chain} {`)) await command('nft', ['delete', 'chain', 'netdev', plan.bridge, chain])
    }
  }
  await command('ip', ['link', 'set', host.link, 'up'])
  await poll(async () => await isForwarding(host) ? true : null, { deadlineMs: LINK_DEADLINE_MS, what: `the bridge to forward to ${host.name}` })
}

async function isForwarding (host: HostPlan): Promise<boolean> {
  const portState = await readFile(`/sys/class/net/${host.link}/brport/state`, 'utf8')
  const [link] = JSON.parse(await command('ip', ['-j', '-n', host.namespace, 'link', 'show', 'eth0'])) as Array<{ operstate: string }>
  return portState.trim() === BRIDGE_PORT_FORWARDING && link?.operstate === 'UP'
}

/** Every namespace of this testbed that there is, also of one that was not made to its end. */
export async function namespacesOf (index: number): Promise<readonly string[]> {
  const names = await readdir(NETNS_DIRECTORY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter(name => name.startsWith(namePrefix(index)))
}

export function namespacePath (namespace: string): string {
  return `${NETNS_DIRECTORY}/${namespace}`
}

/** Addresses on the host's interfaces now, without prefix length. */
export async function addressesIn (namespace: string): Promise<readonly string[]> {
  const links = JSON.parse(await command('ip', ['-j', '-n', namespace, 'addr', 'show'])) as Array<{ addr_info: Array<{ local?: string }> }>
  return links.flatMap(link => link.addr_info.flatMap(info => info.local ?? []))
}

/** Removes whatever there is of this testbed's network. Its processes must be gone. */
export async function removeNetwork (index: number): Promise<void> {
  const links = JSON.parse(await command('ip', ['-j', 'link', 'show'])) as Array<{ ifname: string }>
  const ours = links.map(link => link.ifname).filter(name => name === bridgeName(index) || name.startsWith(namePrefix(index)))
  for (const name of ours) await command('ip', ['link', 'delete', name])
  for (const name of await namespacesOf(index)) {
    // a file that `ip netns add` made and had no time to mount a namespace on cannot be deleted by `ip netns`
    await command('ip', ['netns', 'delete', name]).catch(async error => {
      if ((await namespacesOf(index)).includes(name)) await rm(namespacePath(name)).catch(() => { throw error })
    })
  }
  const tables = await command('nft', ['list', 'tables', 'netdev'])
  if (tables.split('\n').includes(`table netdev ${bridgeName(index)}`)) await command('nft', ['delete', 'table', 'netdev', bridgeName(index)])
}

async function ipBatch (lines: readonly string[], namespace?: string): Promise<void> {
  await command('ip', [...namespace === undefined ? [] : ['-n', namespace], '-batch', '-'], { input: lines.join('\n') + '\n' })
}
