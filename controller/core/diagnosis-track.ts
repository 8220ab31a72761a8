// When a diagnosis counts as begun and as ended: what comes and goes within moments, as in every change of the active, is
// shown while it is true and is no news; what flickers is one piece of news.
import type { DiagnosisName } from '../../protocol/diagnosis.ts'
import type { Diagnosis } from './diagnosis.ts'

/** True for so long before it is told. */
export const BEGINS_AFTER_MS = 1_000
/** Not true for so long before its end is told. */
export const ENDS_AFTER_MS = 3_000

/** What an agent says of itself is told at once: it may be over before anybody looks, and still have cost clients something. */
const AT_ONCE: ReadonlySet<DiagnosisName> = new Set(['severalActives', 'cannotVote', 'guardMissing', 'heartbeatFails', 'duplicateAddress', 'endpointImpaired', 'watchdogFails', 'rescuesUnreadable'])

interface Followed {
  /** As it was last seen. */
  readonly diagnosis: Diagnosis
  readonly sinceMs: number
  readonly seenAtMs: number
  readonly told: boolean
}

/** `name node` -> what is followed. */
export type Tracked = ReadonlyMap<string, Followed>

export interface Turn {
  readonly type: 'began' | 'ended'
  readonly diagnosis: Diagnosis
  readonly sinceMs: number
}

/** What somebody else told that it began. */
export type Told = Pick<Followed, 'diagnosis' | 'sinceMs'>

export function keyOf ({ name, node }: Pick<Diagnosis, 'name' | 'node'>): string {
  return `${name} ${node ?? ''}`
}

/** Pure: goes on from what was told by another one, which is all that counts as told; of the names in `unseen` it is not known. */
export function resumeTracked (tracked: Tracked, told: ReadonlyMap<string, Told>, nowMs: number, unseen: ReadonlySet<DiagnosisName>): Tracked {
  const own = [...tracked].map(([key, one]) => [key, { ...one, told: unseen.has(one.diagnosis.name) ? one.told : told.has(key) }] as const)
  const others = [...told].filter(([key]) => !tracked.has(key)).map(([key, one]) => [key, { ...one, seenAtMs: nowMs, told: true }] as const)
  return new Map([...own, ...others])
}

/** Pure: what was found at `nowMs` against what was followed before. To be asked often, as something may be due by itself. */
export function trackDiagnoses (tracked: Tracked, found: readonly Diagnosis[], nowMs: number): readonly [Tracked, readonly Turn[]] {
  const next = new Map<string, Followed>()
  const turns: Turn[] = []
  for (const diagnosis of found) {
    const key = keyOf(diagnosis)
    const before = tracked.get(key)
    const sinceMs = before?.sinceMs ?? nowMs
    const due = before?.told !== true && (AT_ONCE.has(diagnosis.name) || nowMs - sinceMs >= BEGINS_AFTER_MS)
    if (due) turns.push({ type: 'began', diagnosis, sinceMs })
    next.set(key, { diagnosis, sinceMs, seenAtMs: nowMs, told: due || before?.told === true })
  }
  for (const [key, before] of tracked) {
    if (next.has(key) || !before.told) continue
    if (nowMs - before.seenAtMs < ENDS_AFTER_MS) next.set(key, before)
    else turns.push({ type: 'ended', diagnosis: before.diagnosis, sinceMs: before.sinceMs })
  }
  return [next, turns]
}
