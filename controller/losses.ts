// Which change of the active lost what: the old active tells it when it is back and was compared, long after the change ended.
import type { HistoryEntry, OperationView } from '../protocol/api.ts'
import { lossIn, type LossView } from '../protocol/loss.ts'

/**
 * What was told of one change that is done, the newest word on each server. `entries` are all of the cluster since then, in
 * any order. A reign was ended by the first change after the last term in which its node wrote.
 */
export function lossesOf (operation: OperationView, entries: readonly HistoryEntry[]): readonly LossView[] {
  const { from, to, term, outcome } = operation
  if (outcome !== 'done') return []
  const others = entries.flatMap(entry => entry.operation?.outcome === 'done' ? [entry.operation] : [])
  const found = new Map<string, LossView>()
  for (const entry of entries.toSorted((a, b) => a.id - b.id)) {
    const { at, node } = entry
    const loss = lossIn(entry)
    if (loss === null || node === null || node === to || (from !== null && from !== node)) continue
    const endedBefore = others.some(other => other.term > loss.wroteTerm && other.term < term && (other.from === null || other.from === node))
    if (loss.wroteTerm < term && !endedBefore) found.set(`${node} ${loss.server}`, { at, node, ...loss })
  }
  return [...found.values()]
}
