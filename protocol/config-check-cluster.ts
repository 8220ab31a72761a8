// What must fit together within one cluster: members and votes, servers and how they run, timing.
import type { ServerConfig } from './cluster.ts'
import { checkCompanions } from './config-check-companions.ts'
import { checkEndpoints } from './config-check-endpoints.ts'
import { checkSchedules } from './config-check-schedules.ts'
import type { Path } from './config-errors.ts'
import { refuseDuplicates, type Findings } from './config-findings.ts'
import type { Draft } from './config-resolve.ts'
import { DEFAULTS, SCHEMA_FILES } from './config-schema.ts'
import { checkTiming } from './config-check-timing.ts'
import { nearestWord } from './nearest.ts'

export function checkCluster (findings: Findings, index: number): void {
  const cluster = findings.draft.clusters?.[index]
  if (cluster === undefined) return
  checkMembers(findings, index)
  refuseDuplicates(findings, (cluster.servers ?? []).map((server, at) => ({ path: ['clusters', index, 'servers', at, 'name'], key: server?.name })),
    first => `is the name of another server of this cluster too (${first})`)
  for (const [at, server] of (cluster.servers ?? []).entries()) {
    if (server !== undefined) checkServer(findings, server, ['clusters', index, 'servers', at])
  }
  if (cluster.timing !== undefined) checkTiming(findings, cluster.timing, ['clusters', index, 'timing'])
  if (cluster.guard === 'none') {
    findings.warning(['clusters', index, 'guard'], 'without a guard a frozen agent\'s server stays reachable for up to about a second after its lease, until the kernel drops the virtual address')
  }
  checkEndpoints(findings, index)
  checkSchedules(findings, index)
  checkCompanions(findings, index)
}

function checkMembers (findings: Findings, index: number): void {
  const path = ['clusters', index, 'nodes']
  const members = findings.draft.clusters?.[index]?.members ?? []
  const known = [...new Set((findings.draft.nodes ?? []).map(node => node?.name).filter(name => name !== undefined))]
  refuseDuplicates(findings, members.map((member, at) => ({ path: [...path, at], key: member?.name })), first => `is a node of this cluster already (${first})`)
  for (const [at, member] of members.entries()) {
    if (member?.name === undefined) continue
    if (!known.includes(member.name)) {
      findings.problem([...path, at], `there is no node ${member.name} in the list of nodes`, { allowed: known.join(', '), nearest: nearestWord(member.name, known) })
    }
    if (member.witness === true && findings.written([...path, at, 'priority']) !== undefined) {
      findings.warning([...path, at, 'priority'], 'has no effect: a witness has no database and is never active')
    }
  }
  if (members.some(member => member?.witness === undefined)) return
  const dataNodes = members.filter(member => member?.witness === false).length
  if (members.length > 0 && dataNodes === 0) findings.problem(path, 'has witnesses only: no node has a database', { allowed: 'at least one node that is no witness' })
  else explainVotes(findings, path, dataNodes, members)
}

/** Sound but maybe not what its author expects: what the cluster survives follows from who has a vote (S9). */
function explainVotes (findings: Findings, path: Path, dataNodes: number, members: ReadonlyArray<{ readonly name?: string | undefined } | undefined>): void {
  const voters = members.length
  if (dataNodes === 0) return
  if (dataNodes === 1) {
    findings.warning(path, 'one data node: there is nothing to fail over to, every loss of it stops the service until it is back')
  } else if (voters === 2 && dataNodes === 2 && members.every(member => findings.draft.nodes?.some(node => node?.name === member?.name && node?.fence != null))) {
    findings.warning(path, 'two voters with fence devices: when a node is lost the other one goes on once its device says that it is off, and nobody serves until then, also when only the backup is lost (S9). ' +
      'Where a third host can be had, a node with witness: true does it without a device')
  } else if (voters === 2) {
    findings.warning(path, 'two voters: no automatic failover when a node is lost, since the other cannot know whether it is down or cut off and would be no majority alone (S9). ' +
      'A crashed server on a running node and a switchover are handled. Add a third node with witness: true: it needs no database')
  } else if (voters % 2 === 0) {
    findings.warning(path, `${voters} voters: a majority is ${voters / 2 + 1}, so the loss of ${voters / 2 - 1} is survived, as with ${voters - 1} voters. An odd number is better: add or remove a witness`)
  }
}

function checkServer (findings: Findings, server: Draft<ServerConfig>, path: Path): void {
  if (server.database !== undefined && server.schemaFile === undefined && findings.written([...path, 'schema']) === undefined) {
    const known = Object.keys(SCHEMA_FILES)
    findings.problem([...path, 'schema'], `is missing: no schema file is known for the database ${server.database}`, { allowed: `an absolute path; not needed for ${known.join(', ')}`, nearest: nearestWord(server.database, known) })
  }
  if (server.replicationPort !== undefined && server.replicationPort > 65_535) {
    findings.problem([...path, 'replicationPort'], `is missing, and listen.port + ${DEFAULTS.replicationPortOffset} is no port`, { value: server.replicationPort, allowed: 'a whole number from 1 to 65535' })
  }
  checkRun(findings, server, path)
  if (server.listen?.method === 'ssl' && server.tls === null) {
    findings.problem([...path, 'tls'], 'is missing: listen.method is ssl', { allowed: 'privateKey, certificate and caCertificate' })
  }
  if (server.listen?.method === 'tcp' && server.tls !== null && server.tls !== undefined) findings.warning([...path, 'tls'], 'has no effect: listen.method is tcp')
  for (const key of ['controlSocket', 'databaseSocket'] as const) {
    const lengthBytes = new TextEncoder().encode(server[key] ?? '').length
    if (lengthBytes > SOCKET_PATH_MAX_BYTES) {
      findings.problem([...path, key], `is ${lengthBytes} bytes long: the kernel takes at most ${SOCKET_PATH_MAX_BYTES} for a socket`, { value: server[key], allowed: `at most ${SOCKET_PATH_MAX_BYTES} bytes; set it, or a shorter agent.runDirectory` })
    }
  }
}

/** `sun_path` has 108 bytes, the last of them zero. */
const SOCKET_PATH_MAX_BYTES = 107

function checkRun (findings: Findings, { run }: Draft<ServerConfig>, path: Path): void {
  if (run?.mode === undefined) return
  if (run.mode === 'systemd' && run.unit === null) {
    findings.problem([...path, 'run', 'unit'], 'is missing: run.mode is systemd', { allowed: 'the name of a systemd service, such as ovn-nb.service' })
  }
  if (run.mode !== 'systemd' && typeof run.unit === 'string') findings.warning([...path, 'run', 'unit'], `has no effect: run.mode is ${run.mode}`)
  if (run.mode !== 'process' && run.control === 'configFile') {
    findings.problem([...path, 'run', 'control'], `configFile needs run.mode process, and it is ${run.mode}: only the agent can start the server with its file`, { allowed: 'appctl, or run.mode process' })
  }
  if (run.mode !== 'process' && findings.written([...path, 'run', 'program']) !== undefined) findings.warning([...path, 'run', 'program'], `has no effect: run.mode is ${run.mode}`)
}
