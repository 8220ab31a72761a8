import { candidates } from '../../controller/core/candidate.ts'
import { diagnoseNodes } from '../../controller/core/diagnose-nodes.ts'
import { positionOf, servingReport } from '../../controller/core/knowledge.ts'
import type { Preferences } from '../../controller/core/preference.ts'
import { automaticFailover, viewCluster } from '../../controller/core/view.ts'
import type { ClusterState, CoreConfig, EndedOperation, Operation } from '../../controller/core/state.ts'
import { voterList } from '../../controller/core/voters.ts'
import { comparePositions } from '../../protocol/position.ts'
import type { TermRequest } from '../../protocol/vote.ts'
import type { Observer } from './invariants.ts'
import type { Settings } from './settings.ts'
import type { World } from './world.ts'

/** What one leader may do, judged by what truly reached it. */
export interface LeaderChecks {
  heard (node: string): void
  /** What operators want, as it was told. */
  wishes (preferences: Preferences): void
  began (operation: Operation, state: ClusterState, localMs: number): void
  asks (operation: Operation, request: TermRequest, localMs: number): void
  ended (operation: Operation, outcome: EndedOperation['outcome'], localMs: number): void
  /** What it counts is stored. */
  kept (): void
  /** An operator has seen that failover. */
  acknowledged (term: number): void
  /** Its store knows nothing any more. */
  forgotten (): void
  /** What it tells operators. */
  tells (state: ClusterState, localMs: number): void
  restarted (): void
}

/** Timers are late, clocks differ: a report that is that much too old may still count. */
const FRESH_SLACK_MS = 60
const FRESH_MARGIN = 1.005
/** All of what status shows is built only every so often: nothing in it may break, whatever the state. */
const WHOLE_STATUS_EVERY = 10

export function createLeaderChecks (world: World, observer: Observer, config: CoreConfig, clockRates: Settings['clockRates']): LeaderChecks {
  const { controller: name, cluster, fencing = {} } = config
  const heardAtMs = new Map<string, number>()
  let tellings = 0
  let wanted: Preferences = {}
  /** Whom each operation was to promote, when it was last looked at. */
  const chosen = new Map<number, string>()
  /** Automatic failovers that it told the end of, and has not stored yet: whoever dies in between forgets them (docs/adr/0017). Term -> when, on its own clock. */
  const ended = new Map<number, { readonly failed: string, readonly atMs: number }>()
  const counted = new Map<number, { readonly failed: string, readonly atMs: number }>()

  function heardLately (): readonly string[] {
    return heardSince(world.now() - cluster.timing.suspectAfterMs * FRESH_MARGIN / clockRates.min - FRESH_SLACK_MS)
  }

  function heardSince (sinceMs: number): readonly string[] {
    return [...heardAtMs].filter(([, atMs]) => atMs >= sinceMs).map(([node]) => node)
  }

  /** Whatever moves the service by itself is within the budget; the same node may serve again in place. */
  function checkBudget ({ commandId, lastActive, to, kind }: Operation, localMs: number): void {
    if (commandId !== null || lastActive === null || lastActive === to) return
    const { budgetFailovers, budgetWindowMs } = cluster.failover
    const used = [...counted.values()].filter(({ atMs }) => localMs < atMs + budgetWindowMs).length
    if (used >= budgetFailovers) observer.violate(`I8 ${name} takes a term for ${to} in a ${kind} by itself, and ${used} automatic failovers have spent the budget of ${budgetFailovers}`)
  }

  /** A node of which they said "never" is chosen by force only; who was chosen before they said so goes on. */
  function checkNever ({ id, kind, force, to }: Operation, localMs: number): void {
    if (chosen.get(id) === to) return
    chosen.set(id, to)
    const { preference, untilMs } = wanted[to] ?? {}
    if (!force && preference === 'never' && (untilMs === null || untilMs === undefined || localMs < untilMs)) observer.violate(`S6 ${name} chooses ${to} in a ${kind}, which operators said is never to be promoted`)
  }

  /** Whatever anybody wants, and whoever failed: who has more comes first. */
  function checkPosition ({ kind, to, commandId }: Operation, state: ClusterState, localMs: number): void {
    const { eligible } = candidates(config, state, [], localMs)
    const taken = eligible.find(({ node }) => node === to)
    if (commandId !== null || taken === undefined) return
    const better = eligible.find(report => comparePositions(positionOf(report), positionOf(taken)) > 0)
    if (better !== undefined) observer.violate(`S6 ${name} begins a ${kind} to ${to}, and ${better.node} has more (${JSON.stringify(positionOf(better))}, ${JSON.stringify(positionOf(taken))})`)
  }

  /** A lock-out is a preference, and so is a wish but for "never": nobody is ever left without service for it. */
  function checkLockOut (state: ClusterState, localMs: number): void {
    if (state.hold?.code !== 'noCandidate' || (state.recoveries.open.length === 0 && Object.keys(state.preferences).length === 0)) return
    // one that has just ended counts until the leader has looked again
    const never = Object.fromEntries(Object.entries(state.preferences).flatMap(([node, one]) => one.preference === 'never' ? [[node, { ...one, untilMs: null }]] : []))
    const { eligible } = candidates(config, { ...state, recoveries: { countedTerm: 0, open: [] }, preferences: never }, [], localMs)
    if (eligible.length > 0) observer.violate(`I9 ${name} finds nobody to take over, and but for a lock-out or a wish ${eligible.map(report => report.node).join(' and ')} could`)
  }

  /** A majority; or one of two, where the other one can be powered off (S9). */
  function areEnough (voters: readonly string[], heard: readonly string[]): boolean {
    const lost = voters.find(voter => !heard.includes(voter))
    return heard.length > voters.length / 2 || (voters.length === 2 && heard.length === 1 && lost !== undefined && fencing[lost] !== undefined)
  }

  return {
    heard (node) { heardAtMs.set(node, world.now()) },
    wishes (preferences) { wanted = preferences },
    began (operation, state, localMs) {
      checkNever(operation, localMs)
      checkPosition(operation, state, localMs)
      if (operation.commandId !== null) return
      if (state.paused !== null) observer.violate(`S10 ${name} began a ${operation.kind} while the cluster was paused`)
      const { names } = voterList(config, state)
      const heard = heardLately().filter(node => names.includes(node))
      if (!areEnough(names, heard)) observer.violate(`S9 ${name} began a ${operation.kind} by itself, and of ${names.length} voters only ${heard.join(' and ')} had been heard`)
    },
    asks (operation, request, localMs) {
      checkBudget(operation, localMs)
      checkNever(operation, localMs)
      if (operation.failed.includes(request.holder)) observer.violate(`S8 ${name} takes term ${request.term} for ${request.holder} again, which failed in this ${operation.kind}`)
      const lostRace = operation.termsTried > 1 && request.reason !== 'lost'
      if (lostRace) observer.violate(`S1 ${name} lost a race and takes term ${request.term} for ${request.holder} as if nobody could serve (${request.reason})`)
    },
    tells (state, localMs) {
      if (!state.leading) return
      checkLockOut(state, localMs)
      if (tellings++ % WHOLE_STATUS_EVERY === 0) viewCluster(config, state, localMs, String)
      const active = servingReport(config, state, localMs)
      const failover = automaticFailover(config, state, active, candidates(config, state, [], localMs), localMs)
      const lately = heardSince(world.now() - cluster.timing.suspectAfterMs / FRESH_MARGIN / clockRates.max + FRESH_SLACK_MS)
      const dead = diagnoseNodes(config, state, localMs).find(({ name, node }) => name === 'deadNode' && node !== null && lately.includes(node))
      if (dead !== undefined) observer.violate(`${name} calls ${dead.node ?? ''} dead, and had just heard of it: ${dead.message}`)
      if (!failover.possible) return
      const { names } = voterList(config, state)
      const others = heardLately().filter(node => node !== active?.node && names.includes(node))
      if (!areEnough(names, others)) observer.violate(`S9 ${name} says that a failover is possible (${failover.why}), and without ${active?.node ?? 'anybody'} only ${others.join(' and ')} of ${names.length} voters answer`)
    },
    ended ({ kind, commandId, term, lastActive, to }, outcome, localMs) {
      if (outcome !== 'done') return
      if (commandId === null && kind !== 'firstStart' && lastActive !== null && lastActive !== to) ended.set(term, { failed: lastActive, atMs: localMs })
      // whoever orders the service back to a node that failed has seen that it did
      if (commandId !== null) for (const [failover, { failed }] of counted) if (failed === to) counted.delete(failover)
    },
    kept () {
      for (const [term, failover] of ended) counted.set(term, failover)
      ended.clear()
    },
    acknowledged (term) { counted.delete(term) },
    forgotten () { counted.clear() },
    restarted () {
      heardAtMs.clear()
      ended.clear()
    }
  }
}
