// The state as the controller, operators and metrics see it: derived afresh each time, so that it cannot go stale.
import type { CompanionReport, Problem, Report, ServerReport } from '../../protocol/report.ts'
import { isHeld } from './lease.ts'
import { whyNotMet } from './pair.ts'
import { leaseOf, type UnitConfig, type UnitState } from './state.ts'
import { describe, hasGranted, ownGrant, runningGrants } from './voter.ts'

/** What the core does not know about itself. */
export interface ReportExtras {
  readonly bootId: string
  readonly sequence: number
  readonly configDigest: string
  readonly databases: Readonly<Record<string, string>>
  readonly rescues: Report['rescues']
  readonly guardProblem: string | null
  readonly companions?: readonly CompanionReport[] | undefined
}

export function buildReport (config: UnitConfig, state: UnitState, extras: ReportExtras, nowMs: number): Report {
  const lease = leaseOf(state.phase)
  return {
    cluster: config.cluster,
    node: config.node,
    bootId: extras.bootId,
    sequence: extras.sequence,
    configDigest: extras.configDigest,
    phase: state.phase.type,
    voter: reportVoter(state, nowMs),
    lease: {
      term: lease?.term ?? (state.phase.type === 'stopping' ? state.phase.term : 0),
      held: lease !== null && isHeld(lease, nowMs),
      remainingMs: lease === null ? 0 : Math.max(0, lease.untilMs - nowMs),
      releasedTerm: state.ownRelease.term,
      releasedServed: state.ownRelease.served,
      ...(state.marked !== null && state.marked.term === state.ownRelease.term ? { marked: [...state.marked.servers] } : {}),
      votersGeneration: lease?.generation ?? 0,
      without: lease?.without ?? null
    },
    servers: config.servers.map(name => reportServer(state, name, extras.databases[name] ?? name)),
    following: followedNode(config, state),
    endpoints: Object.entries(state.endpoints).map(([address, held]) => ({ address, held })),
    guard: { kind: config.guardKind === 'nftables' ? 'nftables' : 'none', vipLifetime: config.guardKind === 'vipLifetime', slackMs: config.slackMs, problem: extras.guardProblem },
    rescues: { ...extras.rescues },
    ...(extras.companions === undefined ? {} : { companions: extras.companions.map(one => ({ ...one })) }),
    problems: [...state.problems, ...ownProblems(config, state)]
  }
}

function reportVoter (state: UnitState, nowMs: number): Report['voter'] {
  if (state.voterSide.type === 'refusing') {
    return { problem: state.voterSide.problem, term: 0, holder: null, released: null, granted: false, sequence: 0, previous: null, heard: null, voters: null, met: [], grants: [] }
  }
  const { voter } = state.voterSide
  const { term, holder, released, previous, earlier = [], heard, voters } = voter.record
  return {
    problem: null,
    term,
    holder,
    released: released === null ? null : { ...released },
    granted: hasGranted(voter),
    sequence: ownGrant(voter)?.sequence ?? 0,
    previous: previous === null ? null : { ...previous },
    ...(earlier.length === 0 ? {} : { earlier: earlier.map(one => ({ ...one })) }),
    voters,
    met: Object.keys(state.met).filter(node => whyNotMet(state, voter.record, node) === null),
    heard: heard === null ? null : { ...heard },
    grants: runningGrants(voter, [], nowMs).map(grant => describe(grant, nowMs))
  }
}

function reportServer (state: UnitState, name: string, database: string): ServerReport {
  const server = state.servers[name]
  const observation = server?.observation ?? null
  if (observation === null) {
    const reason = server?.startProblem ?? 'not seen yet'
    return { name, database, health: server?.startProblem === null ? 'unknown' : 'down', reason, overdue: false, role: 'unknown', source: null, replication: 'none', complete: false, incompleteReason: 'not seen yet', position: null, hasRows: false, pid: null, version: null, fileBytes: 0, gateOpen: false }
  }
  return { name, database, ...observation, reason: observation.reason ?? server?.startProblem ?? null }
}

/** The node that every server here replicates from; null when there is none, or when they disagree. */
export function followedNode (config: UnitConfig, state: UnitState): string | null {
  if (config.servers.length === 0) return null
  for (const node of Object.keys(config.sources)) {
    const addresses = config.sources[node]
    if (config.servers.every(name => state.servers[name]?.observation?.source === addresses?.[name])) return node
  }
  return null
}

/** The file names who may be reached, the stored list who votes; where they differ somebody forgot half of a change (S11). */
function listProblems (config: UnitConfig, { voterSide }: UnitState): readonly Problem[] {
  if (voterSide.type !== 'voting') return []
  const { names } = voterSide.voter.record.voters
  const mute = config.voters.filter(name => !names.includes(name))
  const unreachable = names.filter(name => !config.voters.includes(name))
  const problem = (message: string): Problem => ({ code: 'votersNotAsInFile', message, server: null })
  return [
    ...mute.map(name => problem(`${name} is in cluster.yaml and does not vote: give it a vote with "ovsdb-ha voters add ${name}", or take it out of the file`)),
    ...unreachable.map(name => problem(`${name} votes, and is not in this node's cluster.yaml: it cannot be asked, and counts as a voter that does not answer. Take its vote away with "ovsdb-ha voters remove ${name}", or write it into the file`))
  ]
}

function ownProblems (config: UnitConfig, state: UnitState): readonly Problem[] {
  const problems: Problem[] = []
  if (state.voterSide.type === 'refusing') problems.push({ code: 'cannotVote', message: state.voterSide.problem, server: null })
  if (config.guardKind !== 'nftables' && !config.witness) {
    problems.push({
      code: 'weakGuard',
      message: config.guardKind === 'vipLifetime'
        ? `no guard (guard: none): only the VIP's kernel lifetime shuts this node out when its agent freezes, up to ${config.slackMs / 1_000} s after its lease`
        : 'no guard (guard: none), and no virtual address either: a frozen agent would leave this node serving',
      server: null
    })
  }
  problems.push(...listProblems(config, state))
  for (const name of config.servers) {
    const observation = state.servers[name]?.observation ?? null
    if (observation !== null && observation.health !== 'up') problems.push({ code: `server-${observation.health}`, message: `server ${name} is ${observation.health}: ${observation.reason ?? 'no reason known'}`, server: name })
    if (observation !== null && !observation.complete) problems.push({ code: 'incompleteCopy', message: `server ${name}: ${observation.incompleteReason ?? 'its copy is not complete'}`, server: name })
  }
  return problems
}
