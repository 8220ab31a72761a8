// What the leader keeps in the store has wall-clock times there, since every controller has a monotonic clock of its own.
import { monotonicAt, monotonicOf, wallOf } from './clock.ts'
import type { Preferences } from './core/preference.ts'
import type { Kept } from './core/state.ts'
import type { Intent, StoredPreferences } from './store/store.ts'

export type StoredKept = Pick<Intent, 'recoveries' | 'marks' | 'differing' | 'schedules' | 'upgrade'>

export function toStore ({ recoveries, marks, differing }: Kept): StoredKept {
  return {
    ...(recoveries === undefined ? {} : { recoveries: { ...recoveries, open: recoveries.open.map(({ atMs, ...one }) => ({ ...one, at: wallOf(atMs) })) } }),
    ...(marks === undefined ? {} : { marks: mapped(marks, ({ atMs, ...one }) => ({ ...one, at: wallOf(atMs) })) }),
    ...(differing === undefined ? {} : { differing: mapped(differing, ({ atMs, ...one }) => ({ ...one, at: wallOf(atMs) })) })
  }
}

export function fromStore ({ recoveries, marks, differing }: StoredKept): Kept {
  return {
    ...(recoveries === undefined ? {} : { recoveries: { ...recoveries, open: recoveries.open.map(({ at, ...one }) => ({ ...one, atMs: monotonicOf(at) })) } }),
    ...(marks === undefined ? {} : { marks: mapped(marks, ({ at, ...one }) => ({ ...one, atMs: monotonicOf(at) })) }),
    ...(differing === undefined ? {} : { differing: mapped(differing, ({ at, ...one }) => ({ ...one, atMs: monotonicOf(at) })) })
  }
}

export function preferencesFrom (stored: StoredPreferences = {}): Preferences {
  return mapped(stored, one => ({ ...one, untilMs: one.until === null ? null : monotonicAt(one.until) }))
}

function mapped<From, To> (from: Readonly<Record<string, From>>, to: (value: From) => To): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value)]))
}
