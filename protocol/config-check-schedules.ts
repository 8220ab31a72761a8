// Schedules that cannot do what they say.
import type { Findings } from './config-findings.ts'

export function checkSchedules (findings: Findings, index: number): void {
  const path = ['clusters', index, 'schedules']
  const cluster = findings.draft.clusters?.[index]
  const { drill, compaction } = cluster?.schedules ?? {}
  const members = cluster?.members ?? []
  const unknown = members.some(member => member?.witness === undefined)
  const dataNodes = members.filter(member => member?.witness === false).length
  if (drill !== null && drill !== undefined && !unknown && dataNodes === 1) {
    findings.problem([...path, 'drill'], 'there is one data node: nothing to switch over to', { allowed: 'at least two data nodes, or no drill' })
  }
  if (drill === null && compaction === null && findings.written(path) !== undefined) findings.warning(path, 'has no effect: no job is scheduled (compaction, drill)')
}
