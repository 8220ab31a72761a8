import type { Severity } from '../protocol/api.ts'
import type { Happening } from '../protocol/report.ts'

const CRITICAL: ReadonlySet<string> = new Set(['unsanctionedActive', 'selfPromoted', 'unseenRescueRemoved'])
const WARNING: ReadonlySet<string> = new Set(['servingStopped', 'lastWritesLate', 'unsanctionedGate', 'serverStartFailed', 'resuming', 'copyIncomplete', 'copyStateNotStored', 'guardNotRemoved', 'pidFileWrong', 'problemBegan'])

/** How loud what an agent tells is in the history; whatever is not named is merely information. */
export function severityOf ({ kind }: Happening): Severity {
  return CRITICAL.has(kind) ? 'critical' : WARNING.has(kind) ? 'warning' : 'info'
}
