// What was done to the testbed, when, and what it did to clients; pure. Times are wall clock, milliseconds since the epoch.
import type { HistoryEntry } from '../../protocol/api.ts'
import type { FaultKind } from './faults.ts'

/** A fault that struck, or did not find its victim. */
export interface Blow {
  readonly round: number
  readonly kind: FaultKind
  /** The host that was hit. */
  readonly victim: string
  readonly variant: string | null
  readonly atMs: number
  /** Null while it lasts. */
  readonly endedMs: number | null
  /** It could not be done: the process did not run, the operator was refused. */
  readonly missed: boolean
  /** What came of it, in words; empty when there is nothing to add. */
  readonly note: string
}

export interface ClientOutage {
  readonly client: string
  /** The last acknowledgement before it. */
  readonly startMs: number
  readonly ms: number
}

/** What had ended this long before an outage may still have caused it: a kill is over at once. */
const AFTERMATH_MS = 1_000
/** A violation is told with what happened this long before and after it. */
const AROUND_MS = 12_000

/**
 * The fault that struck first in the outage, or else the last one before it that lasted or had just ended; one that hits
 * only controllers or their store when there was no other, since those must not cause any. With several at once that is a guess.
 * `none`: nothing was going on.
 */
export function causeOf ({ startMs, ms }: ClientOutage, blows: readonly Blow[]): string {
  const struck = blows.filter(({ missed }) => !missed).toSorted((a, b) => a.atMs - b.atMs)
  const within = struck.filter(({ atMs }) => atMs >= startMs && atMs <= startMs + ms)
  const before = struck.filter(({ atMs, endedMs }) => atMs < startMs && (endedMs ?? Infinity) + AFTERMATH_MS >= startMs)
  const candidates = [...within, ...before.toReversed()]
  const found = candidates.find(({ kind }) => !/^(controller|redis|store)/.test(kind)) ?? candidates[0]
  return found === undefined ? 'none' : nameOf(found)
}

export function nameOf ({ kind, variant }: Pick<Blow, 'kind' | 'variant'>): string {
  return variant === null ? kind : `${kind} ${variant}`
}

/** Faults and the controller's history around an instant, or a time from then on, in one order. */
export function around ({ startMs, ms }: Pick<ClientOutage, 'startMs' | 'ms'>, blows: readonly Blow[], entries: readonly HistoryEntry[]): readonly string[] {
  const lines = [
    ...blows.flatMap(blow => [
      { atMs: blow.atMs, text: `fault   ${nameOf(blow)} of ${blow.victim}${blow.missed ? ' (missed)' : ''}${blow.note === '' ? '' : `: ${blow.note}`}` },
      ...blow.endedMs === null || blow.endedMs === blow.atMs ? [] : [{ atMs: blow.endedMs, text: `healed  ${nameOf(blow)} of ${blow.victim}` }]
    ]),
    ...entries.map(({ at, node, kind, message }) => ({ atMs: Date.parse(at), text: `history ${node ?? '-'} ${kind}: ${message}` }))
  ]
  return lines.filter(({ atMs }) => atMs >= startMs - AROUND_MS && atMs <= startMs + ms + AROUND_MS)
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, text }) => `${new Date(atMs).toISOString().slice(11, 23)} ${text}`)
}
