// Where a planned restart stands, read off what the agents report: nothing here remembers a step.
import type { ClusterView, NodeView } from '../../protocol/api.ts'
import type { UpgradeStep } from '../../protocol/upgrade.ts'
import { isFollowing, whyUnfit } from './calm.ts'
import type { ProcessesBefore, Upgrade } from './upgrade-state.ts'

/** The processes that run now; null with the reason where one is not known. */
export function processesNow (view: ClusterView): ProcessesBefore | string {
  const before: Record<string, Record<string, number>> = {}
  for (const node of dataNodes(view)) {
    const mine: Record<string, number> = {}
    for (const { name, pid } of node.servers) {
      if (pid === null) return `the process of server ${name} on ${node.name} is not known`
      mine[name] = pid
    }
    before[node.name] = mine
  }
  return before
}

/**
 * With a conversion another process proves nothing: a server that ended and came back by itself has the schema of before. Until
 * its node is told to restart it, it is noted as one of those that ran before.
 */
export function notedBefore (upgrade: Upgrade, view: ClusterView): Upgrade {
  if (upgrade.convert === null || upgrade.stage === 'done') return upgrade
  const waiting = dataNodes(view).filter(({ name, reachable }) => reachable && upgrade.before[name] !== undefined && upgrade.ordered?.includes(name) !== true)
  const changed = waiting.flatMap(({ name, servers }) => servers.flatMap(server => server.pid === null || upgrade.before[name]?.[server.name] === server.pid ? [] : [{ node: name, server: server.name, pid: server.pid }]))
  return changed.reduce((next, { node, server, pid }) => ({ ...next, before: { ...next.before, [node]: { ...next.before[node], [server]: pid } } }), upgrade)
}

/** The servers of a node that are still the processes of before; one that is not seen now counts as restarted only once another process is seen. */
export function unrestarted (upgrade: Upgrade, node: NodeView): ReadonlyArray<{ readonly name: string, readonly pid: number }> {
  const before = upgrade.before[node.name] ?? {}
  return node.servers.flatMap(({ name, pid }) => before[name] !== undefined && (pid === null || pid === before[name]) ? [{ name, pid: before[name] }] : [])
}

/** All servers of the node are other processes than before, or the node was none of them. */
export function isRestarted (upgrade: Upgrade, node: NodeView): boolean {
  return unrestarted(upgrade, node).length === 0 && node.servers.length > 0
}

export interface Unwhole {
  readonly why: string
  /** Only nodes that this restart has touched, or touches, are the reason: they are coming back. */
  readonly expected: boolean
}

/** What keeps the next step from being taken; null when every node serves or follows, whole. */
export function unwhole (view: ClusterView, upgrade: Upgrade | null): Unwhole | null {
  const { active, operation, hold, nodes, configDiffers } = view
  if (operation !== null) return { why: `a ${operation.kind} to ${operation.to ?? 'another node'} runs`, expected: true }
  if (active === null) return { why: `nobody serves: ${hold?.message ?? view.summary}`, expected: false }
  // who served with the schema of before cannot follow until its own turn
  const waits = (node: NodeView): boolean => node.reachable && upgrade !== null && (upgrade.cutOver === null
    ? upgrade.convert !== null && node.name === upgrade.home && unrestarted(upgrade, node).length > 0
    : upgrade.cutOver === 'ahead' && isRestarted(upgrade, node) && node.servers.every(({ health }) => health === 'up')) // nobody with the new schema can follow before the active has it
  const unfit = nodes.filter(node => !node.reachable || (!node.witness && node.name !== active && !isFollowing(node, active) && !waits(node)))
    .toSorted((one, other) => Number(one.reachable) - Number(other.reachable)) // who is gone is told before who is merely behind
  // servers are restarted, never agents: one that does not report is not on its way back
  const foreign = unfit.find(node => !node.reachable || upgrade === null || node.witness || !hasBegun(upgrade, node))
  if (foreign !== undefined) return { why: whyUnfit(foreign, active), expected: false }
  const [first] = unfit
  if (first !== undefined) return { why: whyUnfit(first, active), expected: true }
  return configDiffers === null ? null : { why: configDiffers, expected: false }
}

/** Who does not report while something is asked of `asked`: that one first. Null when all do; nothing else is looked at before the answer. */
export function silent (view: ClusterView, asked: string): Unwhole | null {
  const nodes = view.nodes.filter(node => !node.reachable)
  const node = nodes.find(({ name }) => name === asked) ?? nodes[0]
  return node === undefined ? null : { why: whyUnfit(node, view.active), expected: false }
}

/** One of its servers is another process than before, or is just not there. */
function hasBegun (upgrade: Upgrade, node: NodeView): boolean {
  const before = upgrade.before[node.name] ?? {}
  return node.servers.some(({ name, pid }) => pid !== before[name])
}

/** Backups first, in the order of the file; then the service moves, and who served is the last. */
export function stepsOf (view: ClusterView, upgrade: Upgrade | null, asked: { readonly action: string, readonly node: string } | null): readonly UpgradeStep[] {
  const home = upgrade?.home ?? view.active
  const nodes = dataNodes(view)
  const done = (name: string): boolean => upgrade !== null && nodes.some(node => node.name === name && isRestarted(upgrade, node))
  if (upgrade !== null && upgrade.cutOver !== null) return cutOverSteps(upgrade, nodes.filter(node => node.name !== home).map(node => [node.name, done(node.name)]), asked)
  const moved = upgrade !== null && view.active !== home && view.active !== null
  const steps: Array<readonly [UpgradeStep['action'], string, boolean]> = nodes.filter(node => node.name !== home).map(node => ['restart', node.name, done(node.name)])
  if (home !== null) steps.push(['switchover', home, moved || done(home)], ['restart', home, done(home)])
  return steps.map(([action, node, isDone]) => ({ action, node, state: isDone ? 'done' : asked?.action === action && asked.node === node ? 'running' : 'waiting' }))
}

function cutOverSteps ({ home, cutOver }: Upgrade, backups: ReadonlyArray<readonly [string, boolean]>, asked: { readonly action: string, readonly node: string } | null): readonly UpgradeStep[] {
  const state = (action: string, node: string, isDone: boolean): UpgradeStep['state'] => isDone ? 'done' : asked?.action === action && asked.node === node ? 'running' : 'waiting'
  return [
    ...backups.map(([node, isDone]) => ({ action: 'restart' as const, node, state: state('restart', node, isDone) })),
    { action: 'convert', node: home, state: state('convert', home, cutOver === 'done') }
  ]
}

/** What is to be done next in a cluster that is whole; null: nothing is left. */
export function nextStep (view: ClusterView, upgrade: Upgrade): { readonly action: 'restart' | 'switchover' | 'convert', readonly node: string, readonly servers: ReturnType<typeof unrestarted> } | null {
  const left = dataNodes(view).filter(node => unrestarted(upgrade, node).length > 0)
  const backup = left.find(node => node.name !== view.active)
  if (backup !== undefined) return { action: 'restart', node: backup.name, servers: unrestarted(upgrade, backup) }
  if (upgrade.cutOver !== null) return upgrade.cutOver === 'done' || view.active === null ? null : { action: 'convert', node: view.active, servers: [] }
  const [active] = left
  return active === undefined ? null : { action: 'switchover', node: active.name, servers: [] }
}

export function dataNodes ({ nodes }: ClusterView): readonly NodeView[] {
  return nodes.filter(node => !node.witness)
}
