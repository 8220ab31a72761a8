// Which rows a row refers to, by the types of its columns. Pure.
import { membersOf, pairsOf, type Content, type Row } from './content.ts'
import type { BaseType, ColumnType, TableSchema } from '../../protocol/database-schema.ts'

export interface Reference {
  readonly column: string
  readonly table: string
  readonly uuid: string
  /** A strong one cannot be without its row; a weak one vanishes with it. */
  readonly strong: boolean
}

/** A row that refers to another one, and where. */
export interface Referrer {
  readonly table: string
  readonly uuid: string
  readonly column: string
}

export function referencesOf (table: TableSchema, row: Row): readonly Reference[] {
  return Object.entries(row).flatMap(([column, value]) => {
    const type = table.columns[column]?.type
    if (type === undefined) return []
    const [key, mapped] = baseTypesOf(type)
    if (mapped === null) return membersOf(value).flatMap(member => reference(column, key, member))
    return pairsOf(value).flatMap(([name, member]) => [...reference(column, key, name), ...reference(column, mapped, member)])
  })
}

function baseTypesOf (type: ColumnType): readonly [BaseType, BaseType | null] {
  return typeof type === 'string' ? [type, null] : [type.key, type.value ?? null]
}

function reference (column: string, base: BaseType, member: unknown): readonly Reference[] {
  if (typeof base === 'string' || typeof base.refTable !== 'string') return []
  if (!Array.isArray(member) || member[0] !== 'uuid') return []
  return [{ column, table: base.refTable, uuid: String(member[1]), strong: base.refType !== 'weak' }]
}

/** uuid -> the rows that refer to it strongly. */
export function strongReferrers ({ schema, tables }: Content): ReadonlyMap<string, readonly Referrer[]> {
  const found = new Map<string, Referrer[]>()
  for (const [table, rows] of tables) {
    const columns = schema.tables[table]
    if (columns === undefined || !mayReferStrongly(columns)) continue
    for (const [uuid, row] of rows) {
      for (const { column, uuid: target } of referencesOf(columns, row).filter(({ strong }) => strong)) {
        const known = found.get(target)
        if (known === undefined) found.set(target, [{ table, uuid, column }])
        else known.push({ table, uuid, column })
      }
    }
  }
  return found
}

function mayReferStrongly ({ columns }: TableSchema): boolean {
  return Object.values(columns).some(({ type }) => baseTypesOf(type).some(base => base !== null && typeof base !== 'string' && typeof base.refTable === 'string' && base.refType !== 'weak'))
}

/** What people call a row: its name, or the values of its first index. */
export function labelOf (table: TableSchema | undefined, row: Row): string | null {
  for (const column of ['name', 'logical_port', ...(table?.indexes?.[0] ?? [])]) {
    const value = row[column]
    if (typeof value === 'string' && value !== '') return value.slice(0, 100)
  }
  return null
}
