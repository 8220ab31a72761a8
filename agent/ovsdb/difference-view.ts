// Differences as an operator asks for them: some of the rows, and no more than an answer can hold. Pure.
import type { TableDifference } from '../../protocol/rescue.ts'
import type { DiffQuery, RowDifferenceView } from '../../protocol/rescue-replay.ts'
import type { Content } from './content.ts'
import { countByTable, differences, type RowDifference } from './content-diff.ts'
import { labelOf } from './references.ts'

/** Of the JSON of all rows of one answer. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024
const ROWS_DEFAULT = 200

export interface DifferenceViews {
  readonly tables: readonly TableDifference[]
  readonly rows: readonly RowDifferenceView[]
  readonly leftOutRows: number
}

export function viewDifferences (rescue: Content, active: Content, { table, kind, limit = ROWS_DEFAULT }: DiffQuery): DifferenceViews {
  const all = [...differences(rescue, active)]
  const wanted = all.filter(one => (table === undefined || one.table === table) && (kind === undefined || one.kind === kind))
  const rows: RowDifferenceView[] = []
  let bytes = 0
  for (const one of wanted.slice(0, limit)) {
    const view = viewOf(one, rescue)
    bytes += JSON.stringify(view).length
    if (bytes > ANSWER_BYTES_MAX) break
    rows.push(view)
  }
  return { tables: countByTable(all), rows, leftOutRows: wanted.length - rows.length }
}

/** Of a row that only one side has, columns without a value are left out. */
function viewOf ({ table, uuid, kind, rescue, active, columns }: RowDifference, { schema }: Content): RowDifferenceView {
  const row = rescue ?? active ?? {}
  const told = columns.filter(column => kind === 'changed' || !isEmpty(row[column]))
  return {
    table,
    uuid,
    label: labelOf(schema.tables[table], row),
    kind,
    columns: told.map(column => ({ column, rescue: rescue?.[column] ?? null, active: active?.[column] ?? null }))
  }
}

function isEmpty (value: unknown): boolean {
  return value === '' || (Array.isArray(value) && Array.isArray(value[1]) && value[1].length === 0)
}
