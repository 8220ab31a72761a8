import type { HistoryEntry } from '../../protocol/api.ts'
import type { Store } from '../../controller/store/store.ts'

export function historyEntry (over: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id: 1,
    at: '2026-01-02T03:04:05.678Z',
    cluster: 'ovn',
    node: 'n1',
    kind: 'leaseLapsed',
    severity: 'warning',
    message: 'n1 no longer holds the lease',
    facts: { term: 7, held: false, why: null },
    ...over
  }
}

/** Appends an entry under the store's next id. */
export async function appendTo (store: Store, over: Partial<HistoryEntry> = {}): Promise<HistoryEntry> {
  const entry = historyEntry({ id: store.nextEntryId(), ...over })
  await store.append(entry)
  return entry
}
