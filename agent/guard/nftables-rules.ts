import ipaddr from 'ipaddr.js'
import { invariant } from '../../protocol/invariant.ts'

export interface GuardedPorts {
  /** The clients' ports: open only under the lease. */
  readonly clientPorts: readonly number[]
  /** The replication ports: open for the members' own addresses only. */
  readonly replicationPorts: readonly number[]
  /** Addresses of all members, this node's own among them. */
  readonly members: readonly string[]
}

/** One table per cluster, so that clusters on one host do not know each other. Cluster names have no underscore. */
export function tableOf (cluster: string): string {
  invariant(/^[a-z0-9-]+$/.test(cluster), 'a cluster name has only letters, digits and dashes')
  return `inet ovsdb_ha_${cluster.replaceAll('-', '_')}`
}

/**
 * Makes the rules, or makes them anew, in one transaction. Everything is replaced but the elements of the set `lease`:
 * what an earlier run of the agent opened goes on until its time is over.
 *
 * The chain runs before the host's own filters and only ever refuses, so it opens nothing that they shut. Refusing
 * every packet, not only new connections, is what ends the sessions of clients when the lease ends. Their resets are
 * let through: they carry nothing, and free the server of the dead sessions. Loopback is no exception.
 */
export function installBatch (cluster: string, { clientPorts, replicationPorts, members }: GuardedPorts): string {
  const table = tableOf(cluster)
  const v4 = members.filter(address => ipaddr.IPv4.isValid(address))
  const v6 = members.filter(address => !ipaddr.IPv4.isValid(address))
  const sets = [
    ['client_ports', 'inet_service', clientPorts],
    ['replication_ports', 'inet_service', replicationPorts],
    ['members4', 'ipv4_addr', v4],
    ['members6', 'ipv6_addr', v6]
  ] as const
  return lines([
    `add table ${table}`,
    `add set ${table} lease { type inet_service; flags timeout; }`,
    ...sets.flatMap(([name, type, elements]) => [
      `add set ${table} ${name} { type ${type}; }`,
      `flush set ${table} ${name}`,
      ...(elements.length === 0 ? [] : [`add element ${table} ${name} { ${[...new Set<string | number>(elements)].join(', ')} }`])
    ]),
    `add chain ${table} input { type filter hook input priority -10; policy accept; }`,
    `flush chain ${table} input`,
    `add rule ${table} input tcp dport @client_ports tcp flags & rst == rst accept`,
    `add rule ${table} input tcp dport @client_ports tcp dport != @lease reject with tcp reset`,
    `add rule ${table} input tcp dport @replication_ports ip saddr @members4 accept`,
    `add rule ${table} input tcp dport @replication_ports ip6 saddr @members6 accept`,
    `add rule ${table} input tcp dport @replication_ports reject with tcp reset`
  ])
}

/**
 * Sets the end of the lease. Adding an element that lives does not extend it (FACTS I), so it is added (it must exist
 * to be deleted), deleted, and added again; one transaction, no instant without it. A deletion makes the kernel wait some
 * 15 ms, so where the set is known to be empty it is left out: a promotion then opens in 2 ms.
 */
export function openBatch (cluster: string, clientPorts: readonly number[], timeoutMs: number, knownEmpty: boolean): string {
  const set = `${tableOf(cluster)} lease`
  const add = `add element ${set} { ${clientPorts.map(port => `${port} timeout ${timeoutMs}ms`).join(', ')} }`
  if (knownEmpty) return lines([add])
  return lines([add, `delete element ${set} { ${clientPorts.join(', ')} }`, add])
}

export function closeBatch (cluster: string): string {
  return lines([`flush set ${tableOf(cluster)} lease`])
}

/** Adding first makes deleting what is absent fine. */
export function removeBatch (cluster: string): string {
  return lines([`add table ${tableOf(cluster)}`, `delete table ${tableOf(cluster)}`])
}

function lines (commands: readonly string[]): string {
  return commands.map(command => `${command}\n`).join('')
}
