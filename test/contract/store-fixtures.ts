import type { HistoryEntry } from '../../protocol/api.ts'

export function historyEntry (over: Partial<HistoryEntry> = {}): Omit<HistoryEntry, 'id'> {
  return {
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
