// From what an operator named to rows that are to be changed. Pure.
import type { RowChoice, RowConflict } from '../../protocol/rescue-replay.ts'
import { dataColumns, type Content, type Row } from './content.ts'
import { differences, type RowDifference } from './content-diff.ts'
import type { RowChange, Sides } from './replay-plan.ts'

type Unnamed = Omit<RowConflict, 'label'>

export function chooseRows ({ rescue, active }: Sides, { rows = [], tables = [], all = false }: RowChoice): { readonly changes: readonly RowChange[], readonly conflicts: readonly Unnamed[] } {
  const found = [...differences(rescue, active)]
  const conflicts: Unnamed[] = tables.filter(table => !rescue.tables.has(table)).map(table => ({ table, uuid: '', reason: `the rescue has no table ${table}` }))
  const picked = new Map<string, RowDifference>()
  for (const one of found) if (one.kind === 'missing' && (all || tables.includes(one.table))) picked.set(one.uuid, one)
  for (const prefix of rows) {
    const matching = found.filter(({ uuid }) => uuid.startsWith(prefix))
    const [first] = matching
    if (first === undefined) conflicts.push({ table: '', uuid: prefix, reason: 'no row that differs has this uuid' })
    else if (matching.length > 1) conflicts.push({ table: '', uuid: prefix, reason: `${matching.length} rows that differ begin with it` })
    else picked.set(first.uuid, first)
  }
  return { changes: [...picked.values()].map(one => changeOf(one, active)), conflicts }
}

export function changeOf ({ table, uuid, kind, rescue, active, columns }: RowDifference, activeContent: Content): RowChange {
  switch (kind) {
    case 'missing': return insertionOf(table, uuid, rescue ?? {}, activeContent, null)
    case 'changed': return { table, uuid, action: 'update', because: null, values: only(rescue ?? {}, columns), expected: only(active ?? {}, columns) }
    case 'extra': return { table, uuid, action: 'delete', because: null, values: {}, expected: active ?? {} }
    default: return kind satisfies never
  }
}

/** Columns that the active's schema lacks are left out. */
export function insertionOf (table: string, uuid: string, row: Row, active: Content, because: string | null): RowChange {
  const there = active.schema.tables[table]
  return { table, uuid, action: 'insert', because, values: there === undefined ? row : only(row, dataColumns(there).filter(column => column in row)), expected: {} }
}

function only (row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map(column => [column, row[column]]))
}
