// The whole content of a database as values that can be compared: by table and row, without what is not data.
import type { Operation, OperationResult } from './client.ts'
import { MARKER_KEY } from './marker.ts'
import { isMarker } from './marker-value.ts'
import type { DatabaseSchema, TableSchema } from '../../protocol/database-schema.ts'

/** Columns as the server's JSON has them (RFC 7047 5.1). */
export type Row = Readonly<Record<string, unknown>>

export interface Content {
  readonly schema: DatabaseSchema
  /** table -> uuid -> row */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Row>>
}

/** Without what a restart forgets (ephemeral columns), and without `_version`, which every server counts for itself. */
export function dataColumns (table: TableSchema): readonly string[] {
  return Object.entries(table.columns).filter(([, column]) => column.ephemeral !== true).map(([name]) => name).toSorted()
}

export function selectTable (schema: DatabaseSchema, table: string): Operation {
  return { op: 'select', table, where: [], columns: ['_uuid', ...dataColumns(tableOf(schema, table))] }
}

function tableOf (schema: DatabaseSchema, table: string): TableSchema {
  return Object.hasOwn(schema.tables, table) ? schema.tables[table] ?? { columns: {} } : { columns: {} }
}

/** What a `selectTable` brought, without rows of our own: they are not the users' data. */
export function rowsOf ({ rows = [] }: OperationResult): ReadonlyMap<string, Row> {
  return new Map(rows.map(({ _uuid: uuid, ...row }) => [uuidOf(uuid), row] as const).filter(([, row]) => !isOurs(row)))
}

/** The marker's row where it has no column, and a root row that was made for the marker: nothing else was ever written into it. */
function isOurs (row: Row): boolean {
  const values = Object.values(row)
  return row.name === MARKER_KEY || (values.some(value => isTagged(value, 'map') && value[1].some(isMarker)) && values.every(value => DEFAULTS.has(canonical(value))))
}

/** Of a column that nobody wrote; a map or set that is empty but for our marker. */
const DEFAULTS: ReadonlySet<string> = new Set(['{}', '""', '0', 'false'])

function uuidOf (value: unknown): string {
  return Array.isArray(value) && value[0] === 'uuid' ? String(value[1]) : String(value)
}

function isTagged (value: unknown, tag: 'set' | 'map'): value is readonly [string, readonly unknown[]] {
  return Array.isArray(value) && value[0] === tag && Array.isArray(value[1])
}

/** One spelling for each value: members of sets and maps in one order, a set of one written as its member, and without our own marker. */
export function canonical (value: unknown): string {
  if (isTagged(value, 'set')) {
    const members = value[1].map(member => JSON.stringify(member)).toSorted()
    return members.length === 1 ? members[0] ?? '' : `{${members.join()}}`
  }
  if (isTagged(value, 'map')) return `{${value[1].filter(pair => !isMarker(pair)).map(pair => JSON.stringify(pair)).toSorted().join()}}`
  return JSON.stringify(value)
}

/** The members of a set, or the one value that stands for it. */
export function membersOf (value: unknown): readonly unknown[] {
  return isTagged(value, 'set') ? value[1] : [value]
}

/** Key and value of each pair; empty when it is no map. */
export function pairsOf (value: unknown): ReadonlyArray<readonly [unknown, unknown]> {
  return isTagged(value, 'map') ? value[1].filter(pair => Array.isArray(pair)).map(pair => [pair[0], pair[1]]) : []
}
