// What rows that come back need: the rows that they refer to, and, in a table that is no root, a row that refers to them. Pure.
import type { RowConflict } from '../../protocol/rescue-replay.ts'
import { membersOf, type Content } from './content.ts'
import { referencesOf, strongReferrers, type Referrer } from './references.ts'
import { insertionOf } from './replay-choice.ts'
import type { RowChange, Sides } from './replay-plan.ts'
import { rootTables, type ColumnSchema } from '../../protocol/database-schema.ts'

type Unnamed = Omit<RowConflict, 'label'>

interface Closure {
  readonly changes: readonly RowChange[]
  readonly conflicts: readonly Unnamed[]
  readonly notes: readonly string[]
  /** uuid of a row -> the rows that cannot be without it. */
  readonly neededBy: ReadonlyMap<string, ReadonlySet<string>>
}

export function withWhatTheyNeed (sides: Sides, chosen: readonly RowChange[]): Closure {
  const { rescue, active } = sides
  const changes = new Map(chosen.map(change => [change.uuid, change]))
  const referring: RowChange[] = []
  const conflicts: Unnamed[] = []
  const notes: string[] = []
  const neededBy = new Map<string, Set<string>>()
  const referrers = strongReferrers(rescue)
  const roots = new Set(rootTables(rescue.schema).map(([name]) => name))

  function add (table: string, uuid: string, by: RowChange, because: string): void {
    neededBy.set(uuid, (neededBy.get(uuid) ?? new Set()).add(by.uuid))
    if (changes.has(uuid)) return
    const change = insertionOf(table, uuid, rowIn(rescue, table, uuid) ?? {}, active, because)
    changes.set(uuid, change)
    complete(change)
  }

  function complete (change: RowChange): void {
    if (change.action === 'delete') return
    const { table, uuid } = change
    for (const reference of referencesOf(rescue.schema.tables[table] ?? { columns: {} }, change.values)) {
      if (rowIn(active, reference.table, reference.uuid) !== undefined) continue
      const there = rowIn(rescue, reference.table, reference.uuid) !== undefined
      if (!reference.strong && !changes.has(reference.uuid)) notes.push(`${table} ${uuid} comes back without its ${reference.column} to ${reference.table} ${reference.uuid}, which ${there ? 'was not chosen' : 'is gone'}`)
      else if (reference.strong && there) add(reference.table, reference.uuid, change, `${table} ${uuid} refers to it`)
      else if (reference.strong) conflicts.push({ table, uuid, reason: `its ${reference.column} refers to ${reference.table} ${reference.uuid}, which neither the active nor the rescue has` })
    }
    if (change.action === 'insert' && !roots.has(table)) attach(change)
  }

  /** Nobody refers to it: the server would take it away in the same transaction. */
  function attach (change: RowChange): void {
    const { table, uuid } = change
    const known = referrers.get(uuid) ?? []
    const [living, lost] = [known.filter(one => rowIn(active, one.table, one.uuid) !== undefined), known.filter(one => rowIn(active, one.table, one.uuid) === undefined)]
    for (const one of living) attachTo(one, table, uuid)
    if (living.length > 0) return
    const first = lost.find(one => changes.has(one.uuid)) ?? lost[0]
    if (first === undefined) conflicts.push({ table, uuid, reason: 'nothing in the rescue refers to it, and a row of this table is kept only while something does' })
    else add(first.table, first.uuid, change, `it refers to ${table} ${uuid}, which is kept only with it`)
  }

  function attachTo ({ table, uuid, column }: Referrer, targetTable: string, target: string): void {
    const other = changes.get(uuid)
    if (other?.action === 'update' && column in other.values) return // the rescue's value of the column has it
    if (other?.action === 'delete') {
      conflicts.push({ table: targetTable, uuid: target, reason: `${table} ${uuid}, which refers to it, is to be deleted` })
      return
    }
    const schema = active.schema.tables[table]?.columns[column]
    const [row, before] = [rowIn(active, table, uuid), rowIn(rescue, table, uuid)]
    if (schema === undefined || row === undefined || before === undefined) return
    const value = { [column]: referenceIn(schema, before[column], target) }
    const because = `it refers to ${targetTable} ${target}`
    const single = maxOf(schema) === 1
    if (single && membersOf(row[column]).length > 0) conflicts.push({ table: targetTable, uuid: target, reason: `${table} ${uuid} refers to another row now (${column})` })
    else referring.push({ table, uuid, action: 'refer', because, values: value, expected: single ? { [column]: row[column] } : {} })
  }

  for (const change of chosen) complete(change)
  return { changes: [...changes.values(), ...referring], conflicts, notes, neededBy }
}

export function rowIn (content: Content, table: string, uuid: string) {
  return content.tables.get(table)?.get(uuid)
}

function maxOf ({ type }: ColumnSchema): number | 'unlimited' {
  return typeof type === 'string' ? 1 : type.max ?? 1
}

/** The one reference as `mutate` inserts it: a set of one, or the pair of a map that has it. */
function referenceIn ({ type }: ColumnSchema, value: unknown, target: string): unknown {
  if (typeof type === 'string' || type.value === undefined) return ['set', [['uuid', target]]]
  const pairs = Array.isArray(value) && value[0] === 'map' && Array.isArray(value[1]) ? value[1] as unknown[] : []
  return ['map', pairs.filter(pair => JSON.stringify(pair).includes(target))]
}
