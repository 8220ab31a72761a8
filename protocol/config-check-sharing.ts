// What several clusters share: the ports and files of a node that is in more than one of them, and the network's addresses.
import { formatPath, type Path } from './config-errors.ts'
import { refuseDuplicates, type Findings } from './config-findings.ts'

/** A port or file that something takes on some nodes. */
interface Claim {
  readonly path: Path
  readonly key: string | number | undefined
  readonly nodes: readonly string[]
  readonly by: string
}

export function checkSharing (findings: Findings): void {
  refuseClashes(findings, [...agentPorts(findings), ...checkPorts(findings), ...serverPorts(findings)], 'port')
  refuseClashes(findings, serverFiles(findings), 'file')
  const addresses = (findings.draft.clusters ?? []).flatMap((cluster, index) => (cluster?.endpoints ?? []).flatMap((endpoint, at) =>
    (endpoint?.type === 'vip' ? endpoint.addresses ?? [] : []).map((vip, nth) => ({ path: ['clusters', index, 'endpoints', at, 'addresses', nth], key: vip?.address }))))
  refuseDuplicates(findings, addresses, first => `is an endpoint's address already (${first})`)
}

/** One problem per claim, at the later one of the two, whatever the number of nodes on which they clash. */
function refuseClashes (findings: Findings, claims: readonly Claim[], what: 'port' | 'file'): void {
  const taken = new Map<string, Claim>()
  for (const claim of claims) {
    if (claim.key === undefined) continue
    const places = claim.nodes.map(node => ({ id: `${node} ${claim.key}`, node }))
    const clash = places.find(({ id }) => taken.has(id))
    const earlier = clash === undefined ? undefined : taken.get(clash.id)
    // two defaults are equal only where names are, and that is told already
    const isWritten = what === 'port' || [claim, earlier].some(one => one !== undefined && findings.written(one.path) !== undefined)
    if (clash !== undefined && earlier !== undefined && isWritten) {
      findings.problem(claim.path, `${what} ${claim.key} is taken on the node ${clash.node} by ${earlier.by} (${formatPath(earlier.path)})`, { value: claim.key, allowed: `a ${what} that nothing else on the node uses` })
    }
    for (const { id } of places) if (!taken.has(id)) taken.set(id, claim)
  }
}

function agentPorts ({ draft }: Findings): readonly Claim[] {
  const nodes = draft.nodes ?? []
  const agents = nodes.map((node, index): Claim => {
    // a second node of the same name is refused for its name
    const isFirst = node?.name !== undefined && nodes.findIndex(other => other?.name === node.name) === index
    return { path: ['nodes', index, 'agentPort'], key: node?.agentPort, nodes: isFirst ? [node.name ?? ''] : [], by: 'the agent' }
  })
  const home = nodes.find(node => node?.address !== undefined && node.address === draft.controller?.listen)
  return home?.name === undefined ? agents : [...agents, { path: ['controller', 'port'], key: draft.controller?.port, nodes: [home.name], by: 'the controller' }]
}

function checkPorts ({ draft }: Findings): readonly Claim[] {
  return (draft.clusters ?? []).flatMap((cluster, index) => (cluster?.endpoints ?? []).flatMap((endpoint, at): readonly Claim[] =>
    endpoint?.type === 'http' ? [{ path: ['clusters', index, 'endpoints', at, 'checkPort'], key: endpoint.checkPort ?? undefined, nodes: dataNodesOf(cluster), by: 'the answers to load balancers' }] : []))
}

/** The guard shuts ports whatever the address, so clients' and replication's ports must differ too. */
function serverPorts ({ draft }: Findings): readonly Claim[] {
  return serversOf(draft).flatMap(({ server, path, nodes }): readonly Claim[] => [
    { path: [...path, 'listen', 'port'], key: server.listen?.port, nodes, by: `the clients' listener of ${server.name}` },
    { path: [...path, 'replicationPort'], key: server.replicationPort, nodes, by: `the replication listener of ${server.name}` }
  ])
}

function serverFiles ({ draft }: Findings): readonly Claim[] {
  return serversOf(draft).flatMap(({ server, path, nodes }) => (['controlSocket', 'databaseSocket', 'databaseFile', 'logFile', 'pidFile'] as const)
    .map((key): Claim => ({ path: [...path, key], key: server[key], nodes, by: `the server ${server.name}` })))
}

function serversOf (draft: Findings['draft']) {
  return (draft.clusters ?? []).flatMap((cluster, index) => {
    const nodes = dataNodesOf(cluster)
    return (cluster?.servers ?? []).flatMap((server, at) => server === undefined ? [] : [{ server, path: ['clusters', index, 'servers', at], nodes }])
  })
}

function dataNodesOf (cluster: NonNullable<Findings['draft']['clusters']>[number]): readonly string[] {
  return (cluster?.members ?? []).filter(member => member?.witness === false).map(member => member?.name).filter(name => name !== undefined)
}
