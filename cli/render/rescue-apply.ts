import type { ApplyReply, PlannedRow, ReplayPlan } from '../../protocol/rescue-replay.ts'
import type { Paint } from './style.ts'
import { table } from './table.ts'
import { paragraph } from './wrap.ts'

const DONE: Record<PlannedRow['action'], string> = { insert: 'inserted', update: 'changed', delete: 'deleted', refer: 'refers' }

/** What was done, or would be; or why nothing was. */
export function renderApply ({ applied, plan }: ApplyReply, dryRun: boolean, paint: Paint): readonly string[] {
  const { id, active, database, rows, conflicts, notes } = plan
  const rest = [...renderSkipped(plan, paint), ...notes.flatMap(note => paragraph(`note: ${note}`, '  ', '    '))]
  if (conflicts.length > 0) return [paint('bad', `nothing was changed: ${conflicts.length} conflicts with ${active}`), ...conflictTable(conflicts, paint), ...rest]
  if (rows.length === 0) return ['nothing to bring back', ...rest]
  const title = applied ? paint('good', `${rows.length} rows of ${id} are back in ${active} (${database})`) : `${rows.length} rows of ${id} would be written to ${active} (${database})${dryRun ? '' : ', and were not'}`
  return [title, ...table([
    { title: 'TABLE', columnsMax: 24 },
    { title: 'UUID', columnsMax: 36 },
    { title: 'WHAT', columnsMax: 8 },
    { title: 'ROW', columnsMax: 100 }
  ], rows.map(({ table: name, uuid, label, action, because }) => [{ text: name }, { text: uuid }, { text: DONE[action] }, { text: [label, because].filter(word => word !== null).join(': ') || '-' }]), paint, '  '), ...rest]
}

/** Rows that were left out, with the reasons. */
export function renderSkipped ({ skipped, active }: ReplayPlan, paint: Paint): readonly string[] {
  return skipped.length === 0 ? [] : [paint('warning', `left out: ${skipped.length} conflicts with ${active}, and what cannot be without these rows`), ...conflictTable(skipped, paint)]
}

function conflictTable (conflicts: ReplayPlan['conflicts'], paint: Paint): readonly string[] {
  return table([
    { title: 'TABLE', columnsMax: 24 },
    { title: 'ROW', columnsMax: 36 },
    { title: 'WHY NOT', columnsMax: 100 }
  ], conflicts.map(({ table: name, uuid, label, reason }) => [{ text: name === '' ? '-' : name }, { text: label ?? (uuid === '' ? '-' : uuid) }, { text: reason, tone: 'bad' }]), paint, '  ')
}
