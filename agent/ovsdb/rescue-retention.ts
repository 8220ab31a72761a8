// Which rescues go when there are too many, too large or too old ones. Pure.
import type { RescueConfig } from '../../protocol/cluster.ts'

export interface Kept {
  readonly path: string
  readonly bytes: number
  readonly takenMs: number
  /** Of no use but for a copy that is under way. */
  readonly guard: boolean
  /** Null: no operator has seen it. */
  readonly acknowledgedMs: number | null
}

export interface Surplus<Rescue extends Kept> {
  readonly rescue: Rescue
  readonly why: 'maxAge' | 'maxFiles' | 'maxSize'
}

/**
 * What is to go, in this order. Age takes only what was acknowledged for that long. Number and size take guards first, then
 * acknowledged ones, then the rest, each kind from the oldest; `spare` is never among them: it has just been kept.
 */
export function surplus<Rescue extends Kept> (kept: readonly Rescue[], limits: RescueConfig, nowMs: number, spare: string | null): ReadonlyArray<Surplus<Rescue>> {
  const old = kept.filter(({ path, acknowledgedMs }) => path !== spare && acknowledgedMs !== null && nowMs - acknowledgedMs > limits.maxAgeMs)
  const going: Array<Surplus<Rescue>> = old.map(rescue => ({ rescue, why: 'maxAge' }))
  const left = kept.filter(rescue => !old.includes(rescue)).toSorted((a, b) => rankOf(a) - rankOf(b) || a.takenMs - b.takenMs || (a.path < b.path ? -1 : 1))
  let files = left.length
  let bytes = left.reduce((sum, rescue) => sum + rescue.bytes, 0)
  for (const rescue of left) {
    const why = files > limits.maxFiles ? 'maxFiles' : bytes > limits.maxBytes ? 'maxSize' : null
    if (why === null) break
    if (rescue.path === spare) continue
    going.push({ rescue, why })
    files -= 1
    bytes -= rescue.bytes
  }
  return going
}

/** What may give way when the disk is full: nobody misses it. */
export function dispensable<Rescue extends Kept> (kept: readonly Rescue[]): readonly Rescue[] {
  return kept.filter(rescue => rankOf(rescue) < UNSEEN)
}

const UNSEEN = 2

function rankOf ({ guard, acknowledgedMs }: Kept): number {
  return guard ? 0 : acknowledgedMs !== null ? 1 : UNSEEN
}
