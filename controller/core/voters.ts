// Who votes, as far as the leader knows: the newest list that any voter told (S11). A file names who may be reached;
// it never makes anybody a voter, and never widens a majority.
import type { Report } from '../../protocol/report.ts'
import { firstList, listQuorum, type VoterList } from '../../protocol/voter-list.ts'
import { allReports, freshReports } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'

/** The list by which majorities are counted; the file's only as long as no voter has told any. */
export function voterList (config: CoreConfig, state: ClusterState): VoterList {
  const common = toldByAll(state)
  if (common !== null) return common
  const told = allReports(state).flatMap(report => report.voter.voters ?? [])
  const newest = Math.max(...told.map(({ generation }) => generation))
  const [first, ...others] = told.filter(({ generation }) => generation === newest)
  if (first === undefined) return firstList(config.cluster.members.map(member => member.name))
  if (others.every(other => key(other) === key(first))) return first
  // files that differed at the first start: what most of them say, so that every replica says the same
  const counts = new Map<string, number>()
  for (const one of [first, ...others]) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1)
  return [first, ...others].toSorted((a, b) => (counts.get(key(b)) ?? 0) - (counts.get(key(a)) ?? 0) || (key(a) < key(b) ? -1 : 1))[0] ?? first
}

/** What every voter tells, as it almost always is: asked several times for each event, so nothing is built for it. */
function toldByAll ({ agents }: ClusterState): VoterList | null {
  let common: VoterList | null = null
  for (const node in agents) {
    const list = agents[node]?.report?.voter.voters ?? null
    if (list === null) continue
    if (common === null) common = list
    else if (list.generation !== common.generation || !haveSameNames(list, common)) return null
  }
  return common
}

export function haveSameNames (a: VoterList, b: VoterList): boolean {
  return a === b || (a.names.length === b.names.length && a.names.every((name, at) => name === b.names[at]))
}

function key ({ names }: VoterList): string {
  return names.join(' ')
}

export function voterQuorum (config: CoreConfig, state: ClusterState): number {
  return listQuorum(voterList(config, state))
}

export function isVoter (config: CoreConfig, state: ClusterState, node: string): boolean {
  return voterList(config, state).names.includes(node)
}

/**
 * Who is asked for a term: the voters, whose answers count, and the other members. They too let go of a source that is to serve
 * anew (S7), and refuse orders of a term that is over (S1).
 */
export function askedForTerm (config: CoreConfig, { names }: VoterList): readonly string[] {
  return [...new Set([...names, ...config.cluster.members.map(member => member.name)])]
}

/** The voters that are reachable now and can vote. */
export function freshVoters (config: CoreConfig, state: ClusterState, nowMs: number): readonly Report[] {
  const { names } = voterList(config, state)
  return freshReports(config, state, nowMs).filter(({ node, voter }) => voter.problem === null && names.includes(node))
}
