// What is known and wanted of a cluster's companions on this node.

export interface CompanionRules {
  readonly name: string
  /** Started before clients are let in. */
  readonly required: boolean
  readonly checkEveryMs: number
  /** At most so many restarts in `restartWindowMs`. */
  readonly restarts: number
  readonly restartWindowMs: number
}

/**
 * `run`: this node serves. `required`: it is being promoted, only those that are required. `stop`: it does not serve.
 * `leave`: not known yet (the agent has just started): nothing is touched.
 */
export type Wanted = 'run' | 'required' | 'stop' | 'leave'

/** What the last look found; `unknown` before the first, and after whatever may have changed it. */
export type Seen =
  | { readonly type: 'unknown' }
  | { readonly type: 'stopped' }
  | { readonly type: 'running', readonly pid: number | null }
  /** It runs and its check fails, so often in a row. */
  | { readonly type: 'ill', readonly pid: number | null, readonly looks: number, readonly why: string }

export interface CompanionState {
  readonly seen: Seen
  /** The one thing that is being done with it. */
  readonly busy: { readonly op: number, readonly kind: 'look' | 'start' | 'stop' } | null
  /** This node meant it to run: when it does not, it ended by itself. */
  readonly meant: boolean
  readonly nextLookAtMs: number
  readonly startAtMs: number
  /** When it failed within the restart window. */
  readonly failedAtMs: readonly number[]
  /** Why it does not run as it should, or could not be stopped; null when nothing is wrong. */
  readonly problem: string | null
}

export interface CompanionsState {
  readonly wanted: Wanted
  readonly items: Readonly<Record<string, CompanionState>>
  readonly nextOp: number
}

export type Look =
  | { readonly state: 'stopped' }
  | { readonly state: 'running', readonly pid: number | null }
  | { readonly state: 'ill', readonly pid: number | null, readonly why: string }

export type CompanionEvent =
  | { readonly type: 'wanted', readonly wanted: Wanted }
  | { readonly type: 'looked', readonly name: string, readonly op: number, readonly look: Look }
  /** `error` is null when it did; a start or stop that was aborted has one. */
  | { readonly type: 'did', readonly name: string, readonly op: number, readonly error: string | null }
  /** Its process was seen to end: worth a look at once. */
  | { readonly type: 'ended', readonly name: string }
  | { readonly type: 'woke' }

export type CompanionAction =
  | { readonly type: 'look' | 'start' | 'stop', readonly name: string, readonly op: number }
  /** Give up the look or start under way; it still ends with an event. */
  | { readonly type: 'abort', readonly name: string, readonly op: number }
  | { readonly type: 'happened', readonly kind: string, readonly message: string, readonly facts: Readonly<Record<string, string | number | boolean | null>> }
  | { readonly type: 'wakeAt', readonly atMs: number }

export type SteppedCompanions = [CompanionsState, readonly CompanionAction[]]

export function newCompanions (rules: readonly CompanionRules[]): CompanionsState {
  return {
    wanted: 'leave',
    items: Object.fromEntries(rules.map(({ name }): [string, CompanionState] => [name, { seen: { type: 'unknown' }, busy: null, meant: false, nextLookAtMs: 0, startAtMs: 0, failedAtMs: [], problem: null }])),
    nextOp: 1
  }
}
