// Switchovers that operators planned for a set time. Whoever leads then runs them, each at most once: it is marked in the store
// before it is ordered. One that cannot begin within its bound is told as missed, and never made up for.
import type { ClusterView, OperationView, Severity } from '../../protocol/api.ts'
import type { PlannedSwitchover } from '../../protocol/planned.ts'
import type { Facts } from './actions.ts'
import { unrest } from './calm.ts'

/** While something is waited for that no event tells, and between two attempts that were refused. */
const LOOK_EVERY_MS = 1_000
/** The wall clock may step: however far away a time is, it is looked at this often. */
const LOOK_AGAIN_MS = 30_000

export interface PlannedState {
  readonly leading: boolean
  /** What this leader runs, or is about to. */
  readonly running: string | null
  /** Its order was refused a moment ago: nothing was begun, and it is tried again. */
  readonly refused: { readonly id: string, readonly why: string, readonly notBeforeMs: number } | null
  /** Done with, and perhaps still in the store. */
  readonly closed: readonly string[]
}

export type PlannedEvent =
  | { readonly type: 'woke' }
  | { readonly type: 'led' }
  | { readonly type: 'leadLost' }
  /** `error`: it was refused, or could not be marked; then nothing was begun. */
  | { readonly type: 'ended', readonly id: string, readonly error: string | null, readonly operation: OperationView | null }

export type PlannedAction =
  /** Marked in the store as begun, and then ordered; answered by `ended`. */
  | { readonly type: 'begin', readonly id: string }
  /** Out of the store. */
  | { readonly type: 'close', readonly id: string }
  | { readonly type: 'record', readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly message: string, readonly facts: Facts }
  | { readonly type: 'wakeAt', readonly atMs: number }

export type PlannedStep = readonly [PlannedState, readonly PlannedAction[]]

export const NOTHING_PLANNED: PlannedState = { leading: false, running: null, refused: null, closed: [] }

/** Pure: notes the event, then begins what is due. `nowMs` is wall-clock time, as the plans are. */
export function stepPlanned (state: PlannedState, event: PlannedEvent, plans: readonly PlannedSwitchover[], view: ClusterView, nowMs: number): PlannedStep {
  const [noted, told] = note(state, event, plans, nowMs)
  if (!noted.leading) return [noted, told]
  const [settled, actions] = settle({ ...noted, closed: noted.closed.filter(id => plans.some(plan => plan.id === id)) }, plans, view, nowMs)
  return [settled, [...told, ...actions]]
}

function note (state: PlannedState, event: PlannedEvent, plans: readonly PlannedSwitchover[], nowMs: number): PlannedStep {
  switch (event.type) {
    case 'woke': return [state, []]
    case 'led': return [{ ...NOTHING_PLANNED, leading: true }, []]
    case 'leadLost': return [NOTHING_PLANNED, []]
    case 'ended': return ended(state, event, plans, nowMs)
    default:
      event satisfies never
      return [state, []]
  }
}

function ended (state: PlannedState, { id, error, operation }: Extract<PlannedEvent, { type: 'ended' }>, plans: readonly PlannedSwitchover[], nowMs: number): PlannedStep {
  const plan = plans.find(one => one.id === id)
  if (state.running !== id || plan === undefined) return [state.running === id ? { ...state, running: null } : state, []]
  const idle = { ...state, running: null }
  if (error !== null && nowMs + LOOK_EVERY_MS <= lastMomentMs(plan)) return [{ ...idle, refused: { id, why: error, notBeforeMs: nowMs + LOOK_EVERY_MS } }, []]
  const done = operation?.outcome === 'done'
  const how = error ?? (done ? `${operation.from ?? '?'} to ${operation.to ?? '?'} in ${(operation.durationMs ?? 0).toFixed(0)} ms` : `it was ${operation?.outcome ?? 'lost sight of'}: ${operation?.detail ?? ''}`)
  return closed(idle, plan, 'plannedSwitchoverEnded', done ? 'info' : 'warning', `${inWords(plan)} ${done ? 'is done' : 'did not happen'}: ${how}`)
}

function settle (state: PlannedState, plans: readonly PlannedSwitchover[], view: ClusterView, nowMs: number): PlannedStep {
  const actions: PlannedAction[] = []
  let next = state
  let wakeMs = nowMs + LOOK_AGAIN_MS
  const open = plans.filter(plan => plan.id !== state.running && !state.closed.includes(plan.id)).toSorted((a, b) => dueMs(a) - dueMs(b))
  const close = (plan: PlannedSwitchover, why: string): void => {
    const [after, told] = closed(next, plan, 'plannedSwitchoverMissed', 'warning', `${inWords(plan)} ${why}`)
    next = after
    actions.push(...told)
  }
  for (const plan of open) {
    const refused = state.refused?.id === plan.id ? state.refused : null
    const why = next.running === null ? unrest(view, 'snapshot') : 'another planned switchover ran'
    if (plan.begunAt !== null && refused === null) {
      close(plan, 'was begun by a controller that leads no more: the history says how far it came')
    } else if (dueMs(plan) > nowMs) {
      wakeMs = Math.min(wakeMs, dueMs(plan))
    } else if (nowMs > lastMomentMs(plan)) {
      close(plan, `did not happen: ${why ?? refused?.why ?? 'no controller led the cluster then'}`)
    } else if (why !== null || nowMs < (refused?.notBeforeMs ?? 0)) {
      wakeMs = Math.min(wakeMs, nowMs + LOOK_EVERY_MS)
    } else {
      next = { ...next, running: plan.id, refused: null }
      actions.push({ type: 'begin', id: plan.id })
    }
  }
  return [next, open.length === 0 ? actions : [...actions, { type: 'wakeAt', atMs: wakeMs }]]
}

function closed (state: PlannedState, plan: PlannedSwitchover, kind: string, severity: Severity, message: string): PlannedStep {
  const { id, at, to, by } = plan
  return [{ ...state, closed: [...state.closed, id] }, [{ type: 'record', kind, severity, node: to, message, facts: { id, at, to, by } }, { type: 'close', id }]]
}

function dueMs ({ at }: PlannedSwitchover): number {
  return Date.parse(at)
}

function lastMomentMs (plan: PlannedSwitchover): number {
  return dueMs(plan) + plan.withinMs
}

function inWords ({ at, to, by, reason }: PlannedSwitchover): string {
  return `the switchover${to === null ? '' : ` to ${to}`} that ${by} planned for ${at}${reason === '' ? '' : ` (${reason})`}`
}
