// What brings the rows of Connection (Manager) to what the configuration says: whole rows, whichever were there before. Pure.
import type { ConnectionConfig } from '../../protocol/cluster.ts'
import { rootTables, type ColumnType, type DatabaseSchema } from '../../protocol/database-schema.ts'
import type { Operation } from './client.ts'
import { ConnectionsError } from './errors.ts'

type Row = Readonly<Record<string, unknown>>
type Uuid = readonly [string, string]

/** The single-row table whose column refers to the rows, and their table. */
export interface ConnectionPlace {
  readonly root: string
  readonly column: string
  readonly table: string
  /** Those of the columns known here that its schema has. */
  readonly fields: readonly string[]
}

export interface ConnectionPlan {
  /** Empty when the rows are as they should be. */
  readonly operations: readonly Operation[]
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

const TABLES = ['Connection', 'Manager'] as const
const EMPTY_SET = ['set', []] as const

/** Column -> its value for a row, and whether that is what a row has by itself; as OVSDB's JSON writes values. */
const FIELDS: Readonly<Record<string, (connection: ConnectionConfig) => unknown>> = {
  target: ({ target }) => target,
  inactivity_probe: ({ inactivityProbeMs }) => inactivityProbeMs ?? EMPTY_SET,
  max_backoff: ({ maxBackoffMs }) => maxBackoffMs ?? EMPTY_SET,
  read_only: ({ readOnly }) => readOnly,
  role: ({ role }) => role,
  external_ids: ({ externalIds }) => mapOf(externalIds),
  other_config: ({ otherConfig }) => mapOf(otherConfig)
}
const NOTHING: ConnectionConfig = { target: '', inactivityProbeMs: null, maxBackoffMs: null, readOnly: false, role: '', externalIds: {}, otherConfig: {} }

export function connectionPlace (schema: DatabaseSchema): ConnectionPlace {
  for (const [root, { maxRows, columns }] of rootTables(schema)) {
    if (maxRows !== 1) continue
    for (const table of TABLES) {
      const column = Object.entries(columns).find(([, { type }]) => refersTo(type) === table)?.[0]
      const found = schema.tables[table]
      if (column !== undefined && found !== undefined) return { root, column, table, fields: Object.keys(FIELDS).filter(field => Object.hasOwn(found.columns, field)) }
    }
  }
  throw new ConnectionsError(schema.name, 'its schema has no table Connection or Manager that its single-row table refers to')
}

function refersTo (type: ColumnType): string | null {
  const key = typeof type === 'string' ? type : type.key
  return typeof key === 'object' && typeof key.refTable === 'string' ? key.refTable : null
}

/** What is read for `planConnections`: the root row, then the connections. */
export function connectionReads ({ root, column, table, fields }: ConnectionPlace): readonly Operation[] {
  return [
    { op: 'select', table: root, where: [], columns: ['_uuid', column] },
    { op: 'select', table, where: [], columns: ['_uuid', ...fields] }
  ]
}

export function planConnections (database: string, place: ConnectionPlace, wanted: readonly ConnectionConfig[], roots: readonly Row[], rows: readonly Row[]): ConnectionPlan {
  const { root, column, table, fields } = place
  for (const connection of wanted) refuseUnknownFields(database, place, connection)
  const referred = new Set(uuidsIn(roots[0]?.[column]).map(([, uuid]) => uuid))
  const mine = rows.filter(row => referred.has(uuidOf(row)))
  const removed = rows.filter(row => !wanted.some(({ target }) => target === row.target))
  const operations: Operation[] = []
  const [added, changed]: [string[], string[]] = [[], []]
  const references: unknown[] = []
  for (const [index, connection] of wanted.entries()) {
    const row = Object.fromEntries(fields.map(field => [field, FIELDS[field]?.(connection)]))
    const before = rows.find(({ target }) => target === connection.target)
    if (before === undefined) {
      operations.push({ op: 'insert', table, row, 'uuid-name': `connection${index}` })
      references.push(['named-uuid', `connection${index}`])
      added.push(connection.target)
      continue
    }
    references.push(['uuid', uuidOf(before)])
    const differing = fields.filter(field => canonical(before[field]) !== canonical(row[field]))
    if (differing.length > 0) operations.push({ op: 'update', table, where: [['_uuid', '==', ['uuid', uuidOf(before)]]], row: Object.fromEntries(differing.map(field => [field, row[field]])) })
    if (differing.length > 0 || !mine.includes(before)) changed.push(connection.target)
  }
  operations.push(...removed.map((row): Operation => ({ op: 'delete', table, where: [['_uuid', '==', ['uuid', uuidOf(row)]]] })))
  if (added.length > 0 || mine.length !== wanted.length || removed.length > 0) operations.push(...refer(root, column, roots[0], references))
  return { operations, added, changed, removed: removed.map(({ target }) => String(target)) }
}

/** The row that refers to them; a new Northbound database has none yet. */
function refer (root: string, column: string, row: Row | undefined, references: readonly unknown[]): readonly Operation[] {
  const value = ['set', references]
  if (row !== undefined) return [{ op: 'update', table: root, where: [], row: { [column]: value } }]
  // somebody else may have made it since: then this fails, and is done anew
  return [{ op: 'wait', timeout: 0, table: root, where: [], columns: [], until: '==', rows: [] }, { op: 'insert', table: root, row: { [column]: value } }]
}

function refuseUnknownFields (database: string, { table, fields }: ConnectionPlace, connection: ConnectionConfig): void {
  for (const [field, valueOf] of Object.entries(FIELDS)) {
    if (fields.includes(field) || canonical(valueOf(connection)) === canonical(valueOf(NOTHING))) continue
    throw new ConnectionsError(database, `its table ${table} has no column ${field}, which the connection ${connection.target} sets`)
  }
}

function mapOf (entries: Readonly<Record<string, string>>): unknown {
  return ['map', Object.entries(entries)]
}

function uuidOf (row: Row): string {
  return uuidsIn(row._uuid)[0]?.[1] ?? ''
}

/** A set of one is written as its bare element. */
function uuidsIn (value: unknown): readonly Uuid[] {
  if (!Array.isArray(value)) return []
  const [kind, content] = value as readonly unknown[]
  if (kind === 'uuid') return [value as unknown as Uuid]
  return kind === 'set' && Array.isArray(content) ? content.flatMap(uuidsIn) : []
}

/** Sets of one and their bare element are the same, and maps have no order. */
function canonical (value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value)
  const [kind, content] = value as readonly unknown[]
  if (kind === 'set' && Array.isArray(content) && content.length === 1) return JSON.stringify(content[0])
  return kind === 'map' && Array.isArray(content) ? JSON.stringify(content.map(entry => JSON.stringify(entry)).toSorted()) : JSON.stringify(value)
}
