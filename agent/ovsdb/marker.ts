// A marker in a user database proves that a backup has everything that was written before it (vocabulary: marker).
// OVSDB replicates a database's transactions in order, so whoever sees the marker has what came earlier in that database.
import type { MarkerColumn } from '../../protocol/cluster.ts'
import type { Operation, Transactor } from './client.ts'
import { MarkerLateError, MarkerPlaceError, OvsdbError } from './errors.ts'
import { rootTables, type ColumnSchema, type ColumnType, type DatabaseSchema, type TableSchema } from '../../protocol/database-schema.ts'

export const MARKER_KEY = 'ovsdb-ha-marker'

/** In this order: northd rewrites `options` of its global tables, and leaves `external_ids` alone (FACTS R 9). */
const MAP_COLUMNS = ['external_ids', 'other_config'] as const
/** One `wait` at the server lasts at most this long, so that a lost connection or a new role is noticed. */
const WAIT_SLICE_MS = 500
const ANSWER_MARGIN_MS = 1_000
/** A row that appears between our look and our insert makes us look again, this often. */
const WRITE_ATTEMPTS = 3

/**
 * Where a marker goes. `map`: one key of a string map in the database's single root row (NB_Global, SB_Global, Open_vSwitch;
 * Global of hardware_vtep where it has other_config). `row`: hardware_vtep up to 1.3 has no such map, so a row of its own
 * in a table with `name` and `description`: a Logical_Router (or Logical_Switch) without bindings, which no switch acts on.
 */
export type MarkerPlace =
  | { readonly kind: 'map', readonly table: string, readonly column: string }
  | { readonly kind: 'row', readonly table: string }

/** Looks at the schema only; null when it offers no place, or not the one that the configuration names. */
export function markerPlace (schema: DatabaseSchema, configured: MarkerColumn | null = null): MarkerPlace | null {
  if (configured !== null) {
    const { table, column } = configured
    const found = Object.hasOwn(schema.tables, table) ? schema.tables[table] : undefined
    return found?.maxRows === 1 && Object.hasOwn(found.columns, column) && isStringMap(found.columns[column]) ? { kind: 'map', table, column } : null
  }
  const tables = rootTables(schema)
  for (const [table, { maxRows, columns }] of tables) {
    const column = MAP_COLUMNS.find(name => isStringMap(columns[name]))
    if (maxRows === 1 && column !== undefined) return { kind: 'map', table, column }
  }
  const [first] = tables.filter(([, table]) => takesNamedRow(table)).map(([table]) => table).toSorted()
  return first === undefined ? null : { kind: 'row', table: first }
}

/** Writes the marker in the place of the one before it and touches nothing else; inserts the root row when there is none yet. */
export async function writeMarker (db: Transactor, schema: DatabaseSchema, marker: string, configured: MarkerColumn | null = null): Promise<void> {
  const place = placeOf(schema, configured)
  if (place.kind === 'row') {
    await db.transact(schema.name, [
      { op: 'delete', table: place.table, where: [['name', '==', MARKER_KEY]] },
      { op: 'insert', table: place.table, row: { name: MARKER_KEY, description: marker } }
    ])
    return
  }
  const { table, column } = place
  const entry = ['map', [[MARKER_KEY, marker]]]
  for (let attempt = 1; ; attempt++) {
    const [mutated] = await db.transact(schema.name, [{
      op: 'mutate', table, where: [], mutations: [[column, 'delete', ['set', [MARKER_KEY]]], [column, 'insert', entry]]
    }])
    if (mutated?.count !== 0) return
    try {
      await db.transact(schema.name, [
        { op: 'wait', timeout: 0, table, where: [], columns: [], until: '==', rows: [] },
        { op: 'insert', table, row: { [column]: entry } }
      ])
      return
    } catch (error) {
      if (!(error instanceof OvsdbError && error.error === 'timed out') || attempt >= WRITE_ATTEMPTS) throw error
    }
  }
}

/**
 * Resolves when the marker is in the database; rejects with MarkerLateError when it did not come in time. Waits at the
 * server (`wait` is allowed on a backup), so the answer comes in the instant of the arrival, and needs no row to be there before.
 */
export async function awaitMarker (db: Transactor, schema: DatabaseSchema, marker: string, deadlineMs: number, configured: MarkerColumn | null = null): Promise<void> {
  const seen = markerSeen(placeOf(schema, configured), marker)
  const startedMs = performance.now()
  for (;;) {
    const leftMs = deadlineMs - (performance.now() - startedMs)
    const timeout = Math.max(0, Math.min(WAIT_SLICE_MS, Math.floor(leftMs)))
    try {
      // a backup in the middle of a resync answers nothing for seconds: that is no reason to give up before the deadline
      await db.transact(schema.name, [{ ...seen, timeout }], Math.max(timeout, leftMs) + ANSWER_MARGIN_MS)
      return
    } catch (error) {
      if (!(error instanceof OvsdbError && error.error === 'timed out')) throw error
      if (leftMs <= timeout) throw new MarkerLateError(schema.name, marker, deadlineMs, { cause: error })
    }
  }
}

function markerSeen (place: MarkerPlace, marker: string): Operation {
  const where = place.kind === 'map'
    ? [[place.column, 'includes', ['map', [[MARKER_KEY, marker]]]]]
    : [['name', '==', MARKER_KEY], ['description', '==', marker]]
  return { op: 'wait', table: place.table, where, columns: [], until: '!=', rows: [] }
}

function placeOf (schema: DatabaseSchema, configured: MarkerColumn | null): MarkerPlace {
  const place = markerPlace(schema, configured)
  if (place === null) throw new MarkerPlaceError(schema.name, configured)
  return place
}

function takesNamedRow ({ maxRows, columns }: TableSchema): boolean {
  return maxRows === undefined && isString(columns.name) && isString(columns.description) &&
    Object.values(columns).every(({ type }) => mayBeLeftOut(type))
}

/** A column that an insert need not name: its default breaks no reference, enumeration or range. */
function mayBeLeftOut (type: ColumnType): boolean {
  const key = typeof type === 'string' ? type : type.min === 0 ? '' : type.key
  return typeof key === 'string' && key !== 'uuid'
}

function isStringMap (column: ColumnSchema | undefined): boolean {
  if (column === undefined || column.ephemeral === true || column.mutable === false) return false
  const { type } = column
  return typeof type !== 'string' && type.value !== undefined && baseOf(type.key) === 'string' && baseOf(type.value) === 'string' && type.max === 'unlimited'
}

function isString (column: ColumnSchema | undefined): boolean {
  return column !== undefined && column.ephemeral !== true && (typeof column.type === 'string' ? column.type : column.type.value === undefined ? baseOf(column.type.key) : '') === 'string'
}

function baseOf (base: ColumnType | string | { readonly type: string }): string {
  return typeof base === 'string' ? base : 'type' in base ? String(base.type) : ''
}
