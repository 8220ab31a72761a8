// What the leader keeps in the store has wall-clock times there, since every controller has a monotonic clock of its own.
import { monotonicOf, wallOf } from './clock.ts'
import type { Recoveries } from './core/state.ts'
import type { StoredRecoveries } from './store/store.ts'

export function toStore ({ countedTerm, open }: Recoveries): StoredRecoveries {
  return { countedTerm, open: open.map(({ atMs, ...one }) => ({ ...one, at: wallOf(atMs) })) }
}

export function fromStore ({ countedTerm, open }: StoredRecoveries): Recoveries {
  return { countedTerm, open: open.map(({ at, ...one }) => ({ ...one, atMs: monotonicOf(at) })) }
}
