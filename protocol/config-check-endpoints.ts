// Virtual addresses: inside a network that the nodes are in, of nobody else, never a node's own (S5). Load balancers: only
// behind a guard.
import type { EndpointConfig, VipAddress } from './cluster.ts'
import type { Path } from './config-errors.ts'
import type { Findings } from './config-findings.ts'
import type { Draft } from './config-resolve.ts'
import { holds, isReserved, parseIp, parsePrefix, type IpPrefix } from './ip.ts'

export function checkEndpoints (findings: Findings, index: number): void {
  const path = ['clusters', index, 'endpoints']
  const endpoints = findings.draft.clusters?.[index]?.endpoints ?? []
  for (const [at, endpoint] of endpoints.entries()) {
    if (endpoint?.type === undefined) continue
    checkKeys(findings, endpoint.type, [...path, at])
    if (endpoint.type !== 'vip') continue
    for (const [nth, address] of (endpoint.addresses ?? []).entries()) checkAddress(findings, index, address, [...path, at, 'addresses', nth])
  }
  checkLoadBalanced(findings, index, endpoints)
}

const KEYS: Readonly<Record<EndpointConfig['type'], readonly string[]>> = { vip: ['interface', 'addresses'], http: ['checkPort'] }

function checkKeys (findings: Findings, type: EndpointConfig['type'], path: Path): void {
  const isWritten = (key: string) => findings.written([...path, key]) !== undefined
  if (type === 'vip') {
    for (const key of KEYS.vip.filter(key => !isWritten(key))) findings.problem([...path, key], 'is missing: type is vip', { allowed: key === 'interface' ? 'the interface that takes the addresses' : 'at least one address with its prefix length' })
  }
  for (const key of KEYS[type === 'vip' ? 'http' : 'vip'].filter(isWritten)) findings.warning([...path, key], `has no effect: type is ${type}`)
}

function checkLoadBalanced (findings: Findings, index: number, endpoints: readonly (Draft<EndpointConfig> | undefined)[]): void {
  const [first, second] = [...endpoints.entries()].flatMap(([at, endpoint]) => endpoint?.type === 'http' ? [at] : [])
  if (second !== undefined) {
    findings.problem(['clusters', index, 'endpoints', second, 'type'], `is http a second time (clusters[${index}].endpoints[${first}]): any number of load balancers can ask the one`, { value: 'http', allowed: 'one endpoint of type http for each cluster' })
  }
  if (first !== undefined && findings.draft.clusters?.[index]?.guard === 'none') {
    findings.problem(['clusters', index, 'guard'], `cannot be none with an endpoint of type http (clusters[${index}].endpoints[${first}]): clients are let in on the node's own address, which has no lifetime, so nothing but the guard would end a frozen agent's service (S4)`, { value: 'none', allowed: 'nftables' })
  }
}

function prefixOf (vip: Draft<VipAddress> | undefined): IpPrefix | undefined {
  return vip?.address === undefined ? undefined : parsePrefix(`${vip.address}/${vip.prefixLength}`)
}

function checkAddress (findings: Findings, index: number, vip: Draft<VipAddress> | undefined, path: Path): void {
  const prefix = prefixOf(vip)
  if (prefix === undefined) return
  if (isReserved(prefix)) {
    findings.problem(path, 'is the address of the network itself or its broadcast address: no host can have it', { allowed: 'a free address of a host in this network' })
  }
  const owner = (findings.draft.nodes ?? []).findIndex(node => node?.address === prefix.text)
  if (owner !== -1) {
    findings.problem(path, `is the node ${findings.draft.nodes?.[owner]?.name}'s own address (nodes[${owner}].address): backups replicate from there, and an endpoint moves (S5)`, { allowed: 'an address that no node has' })
    return
  }
  checkNetwork(findings, index, prefix, path)
}

function checkNetwork (findings: Findings, index: number, prefix: IpPrefix, path: Path): void {
  const written = findings.written(['clusters', index, 'networks'])
  if (written !== undefined) {
    const networks = Array.isArray(written) ? written.map(text => typeof text === 'string' ? parsePrefix(text) : undefined) : [undefined]
    // a refused network may be the one that holds the address
    if (networks.some(network => network === undefined)) return
    if (!networks.some(network => network !== undefined && network.prefixLength <= prefix.prefixLength && holds(network, prefix))) {
      findings.problem(path, 'is in none of the cluster\'s networks', { allowed: `an address in ${(written as string[]).join(', ')}, with a prefix length no shorter than the network's` })
    }
    return
  }
  const dataNodes = (findings.draft.clusters?.[index]?.members ?? []).filter(member => member?.witness === false)
  for (const member of dataNodes) {
    const address = member?.address === undefined ? undefined : parseIp(member.address)
    if (address === undefined || address.family !== prefix.family || holds(prefix, address)) continue
    findings.problem(path, `its network does not hold the address of the data node ${member?.name} (${address.text}): clients there would not reach it`,
      { allowed: `an address in the nodes' network, with its prefix length; or name the networks in clusters[${index}].networks` })
    return
  }
}
