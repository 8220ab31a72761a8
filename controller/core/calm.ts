// Whether a cluster is in a state in which something may be done to it without need.
import type { ClusterView, NodeView } from '../../protocol/api.ts'
import type { Job } from '../../protocol/schedule.ts'
import type { Growth } from './schedule-state.ts'

/** Growth within the time of quiet that counts as next to nothing: a few small transactions. */
const QUIET_BYTES_MAX = 65_536

/** Why a job may not go on now, in words; null when it may. */
export function unrest (view: ClusterView, job: Job): string | null {
  if (view.paused !== null) return `the cluster is paused by ${view.paused.by}`
  if (view.operation !== null) return `a ${view.operation.kind} runs`
  if (view.active === null) return `nobody serves: ${view.hold?.message ?? view.summary}`
  return job === 'drill' ? unfitForDrill(view) : null
}

/** As whole as it can be; that operators do not want it to be promoted says nothing of its data. */
function isWhole ({ ineligible }: NodeView): boolean {
  return ineligible === null || ineligible.code === 'never'
}

/** A drill is for a cluster that is whole: what is degraded already has its failover to lose. */
function unfitForDrill ({ active, nodes, recoveries }: ClusterView): string | null {
  const silent = nodes.find(node => !node.reachable)
  if (silent !== undefined) return `${silent.name} does not report`
  const home = nodes.find(node => node.name === active)
  if (home?.preference?.preference === 'never') return `${home.name} could not take the service back: it is never to be promoted (${home.preference.by})`
  const unfit = nodes.find(node => !node.witness && node.name !== active && !isFollowing(node, active))
  if (unfit !== undefined) return whyUnfit(unfit, active)
  const locked = recoveries.open.find(one => one.lockedOutUntil !== null)
  return locked === undefined ? null : `${locked.failed} failed in failover ${locked.term} and is locked out`
}

export function isFollowing (node: NodeView, active: string | null): boolean {
  const { reachable, following } = node
  return reachable && isWhole(node) && following !== null && following === active
}

export function whyUnfit ({ name, reachable, ineligible }: NodeView, active: string | null): string {
  if (!reachable) return `${name} does not report`
  return ineligible?.message ?? `${name} does not follow ${active ?? 'anybody'}`
}

/** What is known of the growth of this node's files after another look. */
export function grown (view: ClusterView, node: string, before: Growth | null, nowMs: number): Growth {
  const fileBytes = (view.nodes.find(one => one.name === node)?.servers ?? []).reduce((sum, server) => sum + server.fileBytes, 0)
  const goesOn = before !== null && before.node === node && fileBytes >= before.fileBytes && fileBytes - before.fileBytes <= QUIET_BYTES_MAX
  return goesOn ? before : { node, fileBytes, sinceMs: nowMs }
}
