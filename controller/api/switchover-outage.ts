import type { HistoryEntry } from '../../protocol/api.ts'
import type { SwitchoverPreview } from '../../protocol/planned.ts'

/** The newest ones: what was long ago was another network, or other data. */
const MEASURED_MAX = 20

/** How long nobody served in the last switchovers that were done, as the history tells: from the first order to the last answer. */
export function outageOf (newestFirst: readonly HistoryEntry[]): Omit<SwitchoverPreview['outage'], 'undoneAfterMs'> {
  const doneMs = newestFirst
    .flatMap(({ kind, operation }) => kind === 'operationEnded' && operation?.kind === 'switchover' && operation.outcome === 'done' && operation.durationMs !== null ? [operation.durationMs] : [])
    .slice(0, MEASURED_MAX)
    .toSorted((a, b) => a - b)
  return { measuredAttempts: doneMs.length, medianMs: doneMs[Math.floor((doneMs.length - 1) / 2)] ?? null, maxMs: doneMs.at(-1) ?? null }
}
