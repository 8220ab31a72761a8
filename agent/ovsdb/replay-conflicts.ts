// What in the active stands against rows that are to come back: told before anything is tried. Pure.
import type { RowConflict } from '../../protocol/rescue-replay.ts'
import { canonical, type Content, type Row } from './content.ts'
import { strongReferrers } from './references.ts'
import type { RowChange, Sides } from './replay-plan.ts'

type Unnamed = Omit<RowConflict, 'label'>

export function conflictsOf ({ active }: Sides, changes: readonly RowChange[]): readonly Unnamed[] {
  return [
    ...changes.filter(({ action }) => action !== 'refer').flatMap(change => ofSchema(active, change)),
    ...ofIndexes(active, changes),
    ...ofMaxRows(active, changes),
    ...ofReferrers(active, changes)
  ]
}

function ofSchema ({ schema }: Content, { table, uuid, action, values }: RowChange): readonly Unnamed[] {
  const there = schema.tables[table]
  if (there === undefined) return [{ table, uuid, reason: `the active has no table ${table}` }]
  const fixed = action === 'update' ? Object.keys(values).filter(column => there.columns[column]?.mutable === false) : []
  return fixed.length === 0 ? [] : [{ table, uuid, reason: `${fixed.join(', ')} cannot be changed once a row is there` }]
}

/** Two rows of a table may not have the same values in the columns of an index. */
function ofIndexes (active: Content, changes: readonly RowChange[]): readonly Unnamed[] {
  const conflicts: Unnamed[] = []
  const going = new Set(changes.filter(({ action }) => action === 'delete').map(({ uuid }) => uuid))
  const written = new Map(changes.filter(({ action }) => action === 'insert' || action === 'update').map(change => [change.uuid, change]))
  for (const table of new Set([...written.values()].map(change => change.table))) {
    for (const index of active.schema.tables[table]?.indexes ?? []) {
      const taken = new Map<string, string>()
      for (const [uuid, row] of active.tables.get(table) ?? []) {
        if (!going.has(uuid)) taken.set(keyOf({ ...row, ...written.get(uuid)?.values }, index), uuid)
      }
      for (const change of written.values()) {
        if (change.table !== table) continue
        const key = keyOf({ ...active.tables.get(table)?.get(change.uuid), ...change.values }, index)
        const other = taken.get(key)
        if (other !== undefined && other !== change.uuid) conflicts.push({ table, uuid: change.uuid, reason: `${table} ${other} of the active has the same ${index.join(' and ')}` })
        else taken.set(key, change.uuid)
      }
    }
  }
  return conflicts
}

function keyOf (row: Row, index: readonly string[]): string {
  return index.map(column => canonical(row[column])).join('|')
}

function ofMaxRows (active: Content, changes: readonly RowChange[]): readonly Unnamed[] {
  return Object.entries(active.schema.tables).flatMap(([table, { maxRows }]) => {
    if (maxRows === undefined) return []
    const ours = changes.filter(change => change.table === table)
    const [coming, going] = [ours.filter(({ action }) => action === 'insert'), ours.filter(({ action }) => action === 'delete')]
    const left = (active.tables.get(table)?.size ?? 0) - going.length
    if (coming.length === 0 || left + coming.length <= maxRows) return []
    return coming.map(({ uuid }) => ({ table, uuid, reason: `the active has ${left} of at most ${maxRows} rows in ${table}` }))
  })
}

/** A row that another one of the active refers to strongly cannot be deleted. */
function ofReferrers (active: Content, changes: readonly RowChange[]): readonly Unnamed[] {
  const going = changes.filter(({ action }) => action === 'delete')
  if (going.length === 0) return []
  const referrers = strongReferrers(active)
  const gone = new Set(going.map(({ uuid }) => uuid))
  return going.flatMap(({ table, uuid }) => {
    const [holder] = (referrers.get(uuid) ?? []).filter(one => !gone.has(one.uuid))
    return holder === undefined ? [] : [{ table, uuid, reason: `${holder.table} ${holder.uuid} of the active refers to it (${holder.column})` }]
  })
}
