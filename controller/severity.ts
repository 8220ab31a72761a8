import type { Severity } from '../protocol/api.ts'
import { isLoss, lossIn } from '../protocol/loss.ts'
import type { Happening } from '../protocol/report.ts'

const CRITICAL: ReadonlySet<string> = new Set(['unsanctionedActive', 'selfPromoted', 'unseenRescueRemoved'])
const WARNING: ReadonlySet<string> = new Set(['servingStopped', 'lastWritesLate', 'unsanctionedGate', 'serverStartFailed', 'resuming', 'copyIncomplete', 'copyStateNotStored', 'guardNotRemoved', 'heartbeatsNotCompacted', 'pidFileWrong', 'companionFailed', 'companionGivenUp', 'companionNotStopped', 'companionStray', 'problemBegan'])

/** How loud what an agent tells is in the history; whatever is not named is merely information. */
export function severityOf ({ kind, facts }: Pick<Happening, 'kind' | 'facts'>): Severity {
  const loss = lossIn({ kind, facts })
  if (loss !== null) return isLoss(loss) ? 'critical' : 'info'
  return CRITICAL.has(kind) ? 'critical' : WARNING.has(kind) ? 'warning' : 'info'
}
