// Companions and connections: each companion is one thing, its name is its own, it dials nobody who may be a backup, and
// it fits into the times of a switchover and a promotion.
import { placeholdersIn, serverOfPlaceholder } from './companion.ts'
import type { ClusterConfig, CompanionConfig, ServerConfig } from './cluster.ts'
import type { Path } from './config-errors.ts'
import { refuseDuplicates, type Findings } from './config-findings.ts'
import type { Draft } from './config-resolve.ts'
import { formatDurationMs } from './duration.ts'
import { parseIp } from './ip.ts'

export function checkCompanions (findings: Findings, index: number): void {
  const cluster = findings.draft.clusters?.[index]
  if (cluster === undefined) return
  const companions = cluster.companions ?? []
  const path = ['clusters', index, 'companions']
  refuseDuplicates(findings, companions.map((companion, at) => ({ path: [...path, at, 'name'], key: companion?.name })), first => `is the name of another companion of this cluster too (${first})`)
  for (const [at, companion] of companions.entries()) if (companion !== undefined) checkCompanion(findings, cluster, companion, [...path, at])
  for (const [at, companion] of companions.entries()) {
    if (companion?.name !== undefined && cluster.servers?.some(server => server?.name === companion.name) === true) findings.problem([...path, at, 'name'], 'is the name of a server of this cluster too: their files would clash', { allowed: 'another name' })
  }
  checkTimes(findings, cluster, path)
  for (const [at, server] of (cluster.servers ?? []).entries()) {
    if (server !== undefined) checkConnections(findings, server, ['clusters', index, 'servers', at, 'connections'])
  }
}

function checkCompanion (findings: Findings, cluster: Draft<ClusterConfig>, companion: Draft<CompanionConfig>, path: Path): void {
  const isUnit = findings.written([...path, 'unit']) !== undefined
  const isCommand = findings.written([...path, 'command']) !== undefined
  if (isUnit && isCommand) findings.problem([...path, 'unit'], 'cannot be there beside command: a companion is the one or the other', { allowed: 'command, or unit' })
  if (!isUnit && !isCommand) findings.problem([...path, 'command'], 'is missing', { allowed: 'command, or unit' })
  if (isUnit && findings.written([...path, 'logFile']) !== undefined) findings.warning([...path, 'logFile'], 'has no effect: the output of a systemd service goes to its journal')
  for (const key of ['command', 'check'] as const) {
    const written = findings.written([...path, key])
    if (!Array.isArray(written)) continue
    for (const [at, argument] of written.entries()) if (typeof argument === 'string') checkArgument(findings, cluster, argument, [...path, key, at])
  }
  if (companion.run?.type === 'command' && (companion.run.command ?? []).some(argument => argument === '--detach' || argument?.startsWith('--monitor') === true)) {
    findings.problem([...path, 'command'], 'detaches itself (--detach, --monitor): the agent could not tell whether it runs', { allowed: 'a command that stays in the foreground' })
  }
}

/** A backup grants a client its lock and refuses its writes: a northd there believes that it is active (PEERS F7). */
function checkArgument (findings: Findings, cluster: Draft<ClusterConfig>, argument: string, path: Path): void {
  const servers = (cluster.servers ?? []).map(server => server?.name).filter(name => name !== undefined)
  for (const word of placeholdersIn(argument)) {
    const server = serverOfPlaceholder(word)
    if (server === null || !servers.includes(server)) findings.problem(path, `has the placeholder {${word}}, which means nothing`, { allowed: servers.map(name => `{socket:${name}}`).join(', ') })
  }
  for (const member of cluster.members ?? []) {
    if (member?.address === undefined || !dialled(argument).includes(member.address)) continue
    findings.problem(path, `dials the node ${member.name ?? ''} itself, which may be a backup: it would grant the companion its lock and refuse its writes`, { allowed: 'unix:{socket:NAME}, or an address of an endpoint' })
  }
}

function dialled (argument: string): readonly string[] {
  return [...argument.matchAll(/\b(?:tcp|ssl):(?:\[([^\]]+)\]|([^:,\s[\]]+))/g)].flatMap(([, six, four]) => parseIp(six ?? four ?? '')?.text ?? [])
}

function checkTimes (findings: Findings, { companions = [], timing }: Draft<ClusterConfig>, path: Path): void {
  const sum = (values: readonly (number | undefined)[]) => values.reduce<number>((all, one) => all + (one ?? 0), 0)
  const stopMs = sum(companions.map(companion => companion?.stopTimeoutMs))
  if (timing?.handoverDeadlineMs !== undefined && stopMs > timing.handoverDeadlineMs) {
    findings.problem(path, `may take ${formatDurationMs(stopMs)} to stop (stopTimeout), and a switchover is undone after ${formatDurationMs(timing.handoverDeadlineMs)} (timing.handoverDeadline)`, { value: formatDurationMs(stopMs), allowed: 'shorter stopTimeouts, or a longer timing.handoverDeadline' })
  }
  const startMs = sum(companions.filter(companion => companion?.required === true).map(companion => companion?.startTimeoutMs))
  if (timing?.promoteDeadlineMs !== undefined && startMs >= timing.promoteDeadlineMs) {
    findings.problem(path, `those with required: true may take ${formatDurationMs(startMs)} to start (startTimeout), and a promotion is undone after ${formatDurationMs(timing.promoteDeadlineMs)} (timing.promoteDeadline)`, { value: formatDurationMs(startMs), allowed: 'shorter startTimeouts, or a longer timing.promoteDeadline' })
  }
}

function checkConnections (findings: Findings, { connections, listen }: Draft<ServerConfig>, path: Path): void {
  if (connections === undefined || connections === null) return
  refuseDuplicates(findings, connections.map((connection, at) => ({ path: [...path, at, 'target'], key: connection?.target })), first => `is the target of another connection too (${first})`)
  for (const [at, connection] of connections.entries()) {
    const port = /^p(?:tcp|ssl):(\d+)/.exec(connection?.target ?? '')?.[1]
    if (port === undefined || listen?.port === undefined || Number(port) === listen.port) continue
    findings.problem([...path, at, 'target'], `listens on port ${port}, which the guard does not know: clients could reach the server there without the lease`, { allowed: `the port of listen, ${listen.port}` })
  }
}
