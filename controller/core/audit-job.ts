// The consistency audit: every backup is compared with the active, in one run that tells its findings itself.
import type { AuditWork, Progressed, ScheduleEvent } from './schedule-state.ts'

export function beginAudit (tag: number): Progressed {
  return { work: { job: 'audit', tag }, ask: { type: 'verify' } }
}

/** What differs, and what could not be compared, is in the history already: here it counts as a run that failed. */
export function auditEnded (work: AuditWork, { tag, error }: Extract<ScheduleEvent, { type: 'ended' }>): Progressed {
  if (work.tag !== tag) return { work, ask: null }
  if (error === null) return { end: { outcome: 'done', message: 'every backup is as the active', record: null } }
  return { end: { outcome: 'failed', message: `the consistency audit did not find every backup the same: ${error}`, record: { kind: 'auditFailed', severity: 'warning', node: null, facts: {} } } }
}
