// Did two hosts accept writes through an endpoint at one instant? Pure; times are milliseconds of the machine's monotonic
// clock, which all hosts of a testbed share.
//
// One accepted write was executed at an unknown instant between its request and its reply. Of a host that accepted two
// writes in a row, refusing none between them, it is known that it served from the first's execution to the last's: a
// tenure. Two tenures of different hosts are in order when one may have ended before the other began. When neither
// order is possible, whatever the unknown instants, both hosts served at once. So a conflict is always real; an overlap
// shorter than the pause between two probes can stay unseen.

export interface Interval {
  readonly startMs: number
  readonly endMs: number
}

/** One try of one host: a write accepted, or anything else. */
export interface Attempt extends Interval {
  readonly host: string
  /** What was dialled: address, port and server. */
  readonly target: string
  readonly accepted: boolean
}

export interface Tenure {
  readonly host: string
  readonly target: string
  readonly first: Interval
  readonly last: Interval
  readonly writes: number
  /** A try failed after `last`. */
  readonly interrupted: boolean
}

export interface Conflict {
  readonly tenures: readonly [Tenure, Tenure]
  /** At least this long both served. */
  readonly overlapMs: number
}

/**
 * A failed try between two accepted ones ends a tenure, except within this time: no change of the active goes there and
 * back that fast (it takes two terms), so a host that accepts, fails and accepts again in it served all along.
 */
export const TURN_MS = 100
/** After a longer silence of the observer itself nothing is known of the time between. */
export const SILENCE_MS = 1_000

/** Adds an attempt to the tenures of its host and target, the latest of them last. Attempts come in the order of their start. */
export function addAttempt (tenures: readonly Tenure[], attempt: Attempt): readonly Tenure[] {
  const current = tenures.at(-1)
  if (!attempt.accepted) return current === undefined || current.interrupted ? tenures : [...tenures.slice(0, -1), { ...current, interrupted: true }]
  const interval = { startMs: attempt.startMs, endMs: attempt.endMs }
  if (current !== undefined && continues(current, attempt)) {
    return [...tenures.slice(0, -1), { ...current, last: interval, writes: current.writes + 1, interrupted: false }]
  }
  return [...tenures, { host: attempt.host, target: attempt.target, first: interval, last: interval, writes: 1, interrupted: false }]
}

function continues (tenure: Tenure, attempt: Attempt): boolean {
  const gapMs = attempt.startMs - tenure.last.endMs
  return gapMs <= (tenure.interrupted ? TURN_MS : SILENCE_MS)
}

/** Every pair of tenures of different hosts that cannot be put in order. Servers of a node move together, so targets do not matter. */
export function conflictsOf (tenures: readonly Tenure[]): readonly Conflict[] {
  const sorted = tenures.toSorted((a, b) => a.first.startMs - b.first.startMs)
  return sorted.flatMap((a, index) => sorted.slice(index + 1)
    .filter(b => a.host !== b.host && !mayPrecede(a, b) && !mayPrecede(b, a))
    .map((b): Conflict => ({ tenures: [a, b], overlapMs: Math.min(a.last.startMs, b.last.startMs) - Math.max(a.first.endMs, b.first.endMs) })))
}

/** Whether the last write of `a` may have been executed before the first write of `b`. */
function mayPrecede (a: Tenure, b: Tenure): boolean {
  return a.last.startMs <= b.first.endMs
}
