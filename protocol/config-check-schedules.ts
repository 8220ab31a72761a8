// Schedules that cannot do what they say.
import { refuseDuplicates, type Findings } from './config-findings.ts'

/** What one cluster left unfinished there, another would remove. */
export function checkSnapshots (findings: Findings): void {
  const paths = [...(findings.draft.clusters ?? []).keys()].map(index => ['clusters', index, 'snapshots', 'directory'])
  const written = paths.map(path => ({ path, key: findings.written(path) }))
  refuseDuplicates(findings, written.map(({ path, key }) => ({ path, key: typeof key === 'string' ? key : undefined })),
    first => `is the directory of another cluster's snapshots too (${first})`)
}

export function checkSchedules (findings: Findings, index: number): void {
  const path = ['clusters', index, 'schedules']
  const cluster = findings.draft.clusters?.[index]
  const { drill, compaction, snapshot, audit } = cluster?.schedules ?? {}
  const hook = findings.written(['clusters', index, 'snapshots', 'hook'])
  if (Array.isArray(hook) && typeof hook[0] === 'string' && !hook[0].startsWith('/')) findings.problem(['clusters', index, 'snapshots', 'hook', 0], 'is no absolute path', { allowed: 'an absolute path' })
  const members = cluster?.members ?? []
  const unknown = members.some(member => member?.witness === undefined)
  const dataNodes = members.filter(member => member?.witness === false).length
  if (drill !== null && drill !== undefined && !unknown && dataNodes === 1) {
    findings.problem([...path, 'drill'], 'there is one data node: nothing to switch over to', { allowed: 'at least two data nodes, or no drill' })
  }
  if (drill === null && compaction === null && snapshot === null && audit === null && findings.written(path) !== undefined) findings.warning(path, 'has no effect: no job is scheduled (snapshot, audit, compaction, drill)')
}
