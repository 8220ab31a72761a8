// Against flapping. A cluster that is failed over again and again is broken in a way that failovers do not mend, and each
// of them costs its clients an outage: automatic ones have a budget, and a node that failed is not preferred for a while.
// Both yield to an operator. Neither keeps a node from serving again in place, and the lock-out keeps nobody from serving.
import type { RefusedNode } from '../../protocol/api.ts'
import { comparePositions } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'
import type { ClusterEvent } from './events.ts'
import { positionOf, servingReport } from './knowledge.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig, EndedOperation, Hold, Operation, Recovery } from './state.ts'

/** As many as the largest budget; a lock-out may be longer than the budget's hour. */
const OPEN_MAX = 1_000

export interface Budget {
  readonly used: number
  readonly spent: boolean
  /** When the next automatic failover is allowed again by the passing of time; null while one is allowed now. */
  readonly freeAtMs: number | null
}

export function budgetOf ({ cluster: { failover } }: CoreConfig, { recoveries }: ClusterState, nowMs: number): Budget {
  const { budgetFailovers, budgetWindowMs } = failover
  const counted = recoveries.open.map(({ atMs }) => atMs + budgetWindowMs).filter(endMs => nowMs < endMs).toSorted((a, b) => a - b)
  const freeing = counted[counted.length - budgetFailovers]
  return { used: counted.length, spent: freeing !== undefined, freeAtMs: freeing ?? null }
}

/** The failover for which this node is not preferred now; null when it is like any other. */
export function lockedOut ({ cluster: { failover } }: CoreConfig, { recoveries }: ClusterState, node: string, nowMs: number): Recovery | null {
  return recoveries.open.findLast(({ failed, atMs }) => failed === node && nowMs < atMs + failover.lockoutMs) ?? null
}

/**
 * Whom to promote: the best, or with the budget spent the last active itself, if it is back with everything that anybody
 * has. That it serves again in place moves nothing, and is no failover.
 */
export function withinBudget (config: CoreConfig, state: ClusterState, eligible: readonly Report[], last: string | null, nowMs: number): Report | undefined {
  const [best] = eligible
  const same = eligible.find(report => report.node === last)
  if (best === undefined || same === undefined || !budgetOf(config, state, nowMs).spent) return best
  return comparePositions(positionOf(same), positionOf(best)) >= 0 ? same : best
}

/** Why that node is not promoted by itself now; null when the budget allows it. */
export function budgetHold (config: CoreConfig, state: ClusterState, to: string, last: string | null, trigger: string, refused: readonly RefusedNode[], nowMs: number): { readonly hold: Hold, readonly untilMs: number } | null {
  const { used, freeAtMs } = budgetOf(config, state, nowMs)
  if (freeAtMs === null || last === null || to === last) return null
  const { name, failover } = config.cluster
  const message = `${to} would take over (${trigger}), but ${used} automatic failovers within ${inWords(failover.budgetWindowMs)} are all that failover.budgetPerHour allows: what makes the active fail again and again should be looked at first. ` +
    `Allow more with "ovsdb-ha acknowledge ${name}", or move it now with "ovsdb-ha failover ${name}". Otherwise this ends in ${inWords(freeAtMs - nowMs)}, or when ${last} is back and can serve again itself`
  return { hold: { code: 'budgetSpent', message, refused }, untilMs: freeAtMs }
}

/** After a promotion that failed: an automatic change that began in place must not become a failover that the budget forbids. */
export function mayMoveOn (config: CoreConfig, state: ClusterState, operation: Operation, to: string, nowMs: number): boolean {
  const { commandId, lastActive } = operation
  return commandId !== null || lastActive === null || to === lastActive || !budgetOf(config, state, nowMs).spent
}

/** Whom the choice passed over although it has the same data: said with the choice. */
export function passedOver (config: CoreConfig, state: ClusterState, chosen: string, eligible: readonly Report[], nowMs: number): string {
  const { lockoutMs } = config.cluster.failover
  return eligible.filter(report => report.node !== chosen).map(report => lockedOut(config, state, report.node, nowMs)).filter(one => one !== null)
    .map(({ failed, term, atMs }) => `; ${failed} failed in failover ${term} and is not preferred for another ${inWords(atMs + lockoutMs - nowMs)}`).join('')
}

/** A budget never refuses an operator; that it is spent is said all the same. */
export function saidOfOrder (config: CoreConfig, state: ClusterState, to: string, nowMs: number): string {
  const { used, spent } = budgetOf(config, state, nowMs)
  const locked = lockedOut(config, state, to, nowMs)
  return (spent ? `; ${used} automatic failovers have spent their budget, which an order by hand is not bound by` : '') +
    (locked === null ? '' : `; ${to} failed in failover ${locked.term}, which this order acknowledges when it is done`)
}

/**
 * Counts an automatic failover once it took: its order was answered, or its node is seen to serve in its term although
 * the answer was lost. An operator who moves the service back to a node that failed has acknowledged that it did.
 */
export function countRecovery (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const { lastEnded, leading, recoveries } = state
  if (!leading || lastEnded === null || lastEnded.operation.term <= recoveries.countedTerm || !took(config, state, lastEnded, nowMs)) return [state, []]
  const { kind, term, lastActive, to, trigger, commandId, drill } = lastEnded.operation
  if (drill === true) return [{ ...state, recoveries: { ...recoveries, countedTerm: term } }, []]
  if (commandId !== null) return dropped({ ...state, recoveries: { ...recoveries, countedTerm: term } }, one => one.failed === to, `the order that moved the service to ${to}`)
  if (kind === 'firstStart' || lastActive === null || lastActive === to) return [{ ...state, recoveries: { ...recoveries, countedTerm: term } }, []]
  const one: Recovery = { term, failed: lastActive, to, why: trigger, atMs: lastEnded.endedAtMs }
  const open = [...recoveries.open, one].filter(({ atMs }) => nowMs < atMs + rememberMs(config)).slice(-OPEN_MAX)
  const next: ClusterState = { ...state, recoveries: { countedTerm: term, open } }
  const { used } = budgetOf(config, next, nowMs)
  const { name, failover } = config.cluster
  const locked = failover.lockoutMs === 0 ? '' : `${lastActive} is not preferred for ${inWords(failover.lockoutMs)}; `
  return [next, [
    { type: 'record', kind: 'failoverCounted', severity: 'warning', node: lastActive, message: `failover ${term} from ${lastActive} to ${to}: ${locked}${used} of ${failover.budgetFailovers} automatic failovers within ${inWords(failover.budgetWindowMs)} are used. "ovsdb-ha acknowledge ${name} --failover ${term}" ends both`, facts: { term, to, used, budget: failover.budgetFailovers } },
    { type: 'keep', kept: { recoveries: next.recoveries } }
  ]]
}

function took (config: CoreConfig, state: ClusterState, { operation, outcome }: EndedOperation, nowMs: number): boolean {
  if (outcome === 'done') return true
  const active = servingReport(config, state, nowMs)
  return active !== null && active.node === operation.to && active.lease.term === operation.term
}

/** An operator has seen what happened: it neither counts nor locks out any more. */
export function acknowledge (config: CoreConfig, state: ClusterState, { commandId, term, actor, reason }: Extract<ClusterEvent, { type: 'acknowledgeAsked' }>, nowMs: number): Stepped {
  const known = openNow(config, state, nowMs).map(one => one.term)
  const refusal = !state.leading
    ? { kind: 'notLeading' as const }
    : known.length === 0
      ? { kind: 'nothingToAcknowledge' as const }
      : term !== null && !known.includes(term) ? { kind: 'unknownFailover' as const, term, known } : null
  if (refusal !== null) return [state, [{ type: 'refuseCommand', commandId, refusal }]]
  const [next, actions] = dropped(state, one => term === null || one.term === term, `${actor}${reason === '' ? '' : ` (${reason})`}`)
  return [next, [...actions, { type: 'commandDone', commandId }]]
}

function dropped (state: ClusterState, isMeant: (one: Recovery) => boolean, by: string): Stepped {
  const gone = state.recoveries.open.filter(isMeant)
  if (gone.length === 0) return [state, []]
  const recoveries = { ...state.recoveries, open: state.recoveries.open.filter(one => !isMeant(one)) }
  return [{ ...state, recoveries }, [
    ...gone.map(({ term, failed, to }) => ({ type: 'record' as const, kind: 'failoverAcknowledged', severity: 'info' as const, node: failed, message: `failover ${term} from ${failed} to ${to} was acknowledged by ${by}: it counts no more`, facts: { term, by } })),
    { type: 'keep', kept: { recoveries } }
  ]]
}

/** What is still counted, or still locks out. */
export function openNow (config: CoreConfig, { recoveries }: ClusterState, nowMs: number): readonly Recovery[] {
  return recoveries.open.filter(({ atMs }) => nowMs < atMs + rememberMs(config))
}

/** The next end of something that operators are shown. */
export function recoveryDueMs ({ cluster: { failover } }: CoreConfig, { recoveries }: ClusterState, nowMs: number): number | null {
  if (recoveries.open.length === 0) return null
  const ends = recoveries.open.flatMap(({ atMs }) => [atMs + failover.budgetWindowMs, atMs + failover.lockoutMs]).filter(endMs => endMs > nowMs)
  return ends.length === 0 ? null : Math.min(...ends)
}

function rememberMs ({ cluster: { failover } }: CoreConfig): number {
  return Math.max(failover.budgetWindowMs, failover.lockoutMs)
}

const MINUTE_MS = 60_000

function inWords (durationMs: number): string {
  return durationMs >= MINUTE_MS ? `${Math.ceil(durationMs / MINUTE_MS)} min` : `${Math.ceil(durationMs / 1_000)} s`
}
