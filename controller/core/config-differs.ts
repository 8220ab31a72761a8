// Nodes that were given different files (S11): told as long as it is so, and never a reason to count differently.
import type { ClusterAction } from './actions.ts'
import { freshReports } from './knowledge.ts'
import { haveSameNames, voterList } from './voters.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { list } from './words.ts'

const CONTROLLER = 'the controller'

/** What differs, in words that name the nodes; null when all that report were given the same. */
export function configDiffers (config: CoreConfig, state: ClusterState, nowMs: number): string | null {
  const told = [...filesApart(config, state, nowMs), ...listsApart(config, state, nowMs)]
  return told.length === 0 ? null : told.join('; ')
}

function filesApart (config: CoreConfig, state: ClusterState, nowMs: number): readonly string[] {
  const reports = freshReports(config, state, nowMs)
  const common = config.configDigest ?? reports[0]?.configDigest
  if (reports.every(({ configDigest }) => configDigest === common)) return []
  const groups = new Map<string, string[]>()
  const add = (digest: string, who: string): void => { groups.set(digest, [...groups.get(digest) ?? [], who]) }
  for (const { node, configDigest } of reports) add(configDigest, node)
  if (config.configDigest !== undefined) add(config.configDigest, CONTROLLER)
  const [most = [], ...rest] = [...groups.values()].toSorted((a, b) => b.length - a.length || ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
  return [`cluster.yaml differs: ${rest.map(list).join(', and otherwise ')} ${rest.flat().length === 1 ? 'has' : 'have'} another one than ${list(most)}. Copy the right file to all of them and restart them`]
}

/** The same generation with other names: such a voter answers nobody who counts by the other list. */
function listsApart (config: CoreConfig, state: ClusterState, nowMs: number): readonly string[] {
  const known = voterList(config, state)
  const apart = freshReports(config, state, nowMs).filter(({ voter: { voters } }) =>
    voters !== null && voters.generation === known.generation && !haveSameNames(voters, known))
  return apart.map(({ node, voter }) => `${node} has stored other voters (${voter.voters?.names.join(', ') ?? ''}) than the others (${known.names.join(', ')}) in generation ${known.generation}, and does not vote with them`)
}

/** Recorded when it begins, when other nodes differ, and when it is over. */
export function tendConfig (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const differs = configDiffers(config, state, nowMs)
  if (differs === state.configDiffers) return [state, []]
  const action: ClusterAction = differs === null
    ? { type: 'record', kind: 'configAgrees', severity: 'info', node: null, message: 'all nodes that report have the same cluster.yaml and the same voters again', facts: {} }
    : { type: 'record', kind: 'configDiffers', severity: 'warning', node: null, message: differs, facts: {} }
  return [{ ...state, configDiffers: differs }, [action]]
}
