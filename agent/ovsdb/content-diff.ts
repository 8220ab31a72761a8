// What a rescue and the active do not have in common, by table and row. Pure.
import type { DifferenceCounts, TableDifference } from '../../protocol/rescue.ts'
import type { DifferenceKind } from '../../protocol/rescue-replay.ts'
import { canonical, dataColumns, type Content, type Row } from './content.ts'

export interface RowDifference {
  readonly table: string
  readonly uuid: string
  /** `missing`: only in the rescue. `changed`: in both. `extra`: only in the active. */
  readonly kind: DifferenceKind
  readonly rescue: Row | null
  readonly active: Row | null
  /** The columns whose values differ; of a row that only one of them has, all. */
  readonly columns: readonly string[]
}

const NO_ROWS: ReadonlyMap<string, Row> = new Map()

/** Table after table in the order of their names, and in each: missing, changed, extra. Columns that only one schema has are not compared. */
export function * differences (rescue: Content, active: Content): Generator<RowDifference> {
  for (const table of [...new Set([...rescue.tables.keys(), ...active.tables.keys()])].toSorted()) {
    const [ours, theirs] = [rescue.tables.get(table) ?? NO_ROWS, active.tables.get(table) ?? NO_ROWS]
    const shared = sharedColumns(rescue, active, table)
    for (const [uuid, row] of ours) if (!theirs.has(uuid)) yield { table, uuid, kind: 'missing', rescue: row, active: null, columns: Object.keys(row) }
    for (const [uuid, row] of ours) {
      const other = theirs.get(uuid)
      if (other === undefined) continue
      const columns = shared.filter(column => canonical(row[column]) !== canonical(other[column]))
      if (columns.length > 0) yield { table, uuid, kind: 'changed', rescue: row, active: other, columns }
    }
    for (const [uuid, row] of theirs) if (!ours.has(uuid)) yield { table, uuid, kind: 'extra', rescue: null, active: row, columns: Object.keys(row) }
  }
}

/** Columns that both schemas have. */
export function sharedColumns (rescue: Content, active: Content, table: string): readonly string[] {
  const [ours, theirs] = [rescue.schema.tables[table], active.schema.tables[table]]
  if (ours === undefined || theirs === undefined) return []
  const there = new Set(dataColumns(theirs))
  return dataColumns(ours).filter(column => there.has(column))
}

const COUNTED: Readonly<Record<DifferenceKind, keyof DifferenceCounts>> = { missing: 'missingRows', changed: 'changedRows', extra: 'extraRows' }

/** The tables that differ, in the order of their names. */
export function countByTable (found: Iterable<RowDifference>): readonly TableDifference[] {
  const counts = new Map<string, TableDifference>()
  for (const { table, kind } of found) {
    const before = counts.get(table) ?? { table, missingRows: 0, changedRows: 0, extraRows: 0 }
    counts.set(table, { ...before, [COUNTED[kind]]: before[COUNTED[kind]] + 1 })
  }
  return [...counts.values()].toSorted((a, b) => a.table < b.table ? -1 : 1)
}
