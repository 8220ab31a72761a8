// Whether a backup can hold what an active has, told before replication is tried: a backup whose schema does not fit
// promotes itself in the same instant (FACTS R N8, section 1).

import { createHash } from 'node:crypto'

/** A column's base type: `"string"`, or an object with `type` and constraints. */
export type BaseType = string | (Readonly<Record<string, unknown>> & { readonly type: string })
/** Values in one column of one row; `min` and `max` are the schema language's own words. */
export type ElementCount = number
export type ColumnType = string | {
  readonly key: BaseType
  readonly value?: BaseType
  readonly min?: ElementCount
  readonly max?: ElementCount | 'unlimited'
}
export interface ColumnSchema {
  readonly type: ColumnType
  readonly ephemeral?: boolean
  readonly mutable?: boolean
}
export interface TableSchema {
  readonly columns: Readonly<Record<string, ColumnSchema>>
  readonly maxRows?: number
  readonly isRoot?: boolean
  readonly indexes?: ReadonlyArray<readonly string[]>
}
export interface DatabaseSchema {
  readonly name: string
  readonly version?: string
  /** As schema files carry it, and a server repeats it. */
  readonly cksum?: string
  readonly tables: Readonly<Record<string, TableSchema>>
}

/**
 * Tables whose rows stay although nothing refers to them, the single-row ones first. A schema in which every table is
 * one says so by naming none, and that is also how ovsdb-server prints it.
 */
export function rootTables (schema: DatabaseSchema): ReadonlyArray<readonly [string, TableSchema]> {
  const tables = Object.entries(schema.tables)
  const roots = tables.filter(([, table]) => table.isRoot === true)
  return (roots.length > 0 ? roots : tables).toSorted(([, a], [, b]) => Number(b.maxRows === 1) - Number(a.maxRows === 1))
}

/**
 * What keeps `backup` from following `active`, one sentence each; empty when nothing does. Everything that the active has
 * must be there with the same type, as ovsdb-server's own check demands; what only the backup has, and versions, do not matter.
 */
export function schemaDifferences (active: DatabaseSchema, backup: DatabaseSchema): readonly string[] {
  if (active.name !== backup.name) return [`the active serves ${active.name}, the backup ${backup.name}`]
  return Object.entries(active.tables).flatMap(([name, table]) => {
    const ours = own(backup.tables, name)
    return ours === undefined ? [`table ${name} is missing in the backup`] : tableDifferences(name, table, ours)
  })
}

const DIGEST_CHARACTERS = 12

/** Of every table and column with its type, in one spelling and order: databases with the same one hold the same rows. */
export function schemaDigest ({ tables }: DatabaseSchema): string {
  const columns = Object.entries(tables).flatMap(([table, { columns: known }]) => [`${table}:`, ...Object.entries(known).map(([column, schema]) => `${table}.${column} ${canonicalColumn(schema)}`)])
  return createHash('sha256').update(columns.toSorted().join('\n')).digest('hex').slice(0, DIGEST_CHARACTERS)
}

function tableDifferences (name: string, active: TableSchema, backup: TableSchema): readonly string[] {
  return Object.entries(active.columns).flatMap(([column, theirs]) => {
    const ours = own(backup.columns, column)
    if (ours === undefined) return [`column ${name}.${column} is missing in the backup`]
    const [activeText, backupText] = [canonicalColumn(theirs), canonicalColumn(ours)]
    return activeText === backupText ? [] : [`column ${name}.${column} is ${activeText} in the active and ${backupText} in the backup`]
  })
}

/** Never finds what an object inherits: a table may be called `constructor`. */
function own<T> (record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** One spelling for types that schema files may write in several: defaults filled in, members and enumerations sorted. */
function canonicalColumn ({ type, ephemeral = false, mutable = true }: ColumnSchema): string {
  const { key, value, min = 1, max = 1 } = typeof type === 'string' ? { key: type } : type
  const flags = [...(ephemeral ? ['ephemeral'] : []), ...(mutable ? [] : ['immutable'])]
  const count = min === 1 && max === 1 ? '' : ` ${min}..${max}`
  return [`${canonicalBase(key)}${value === undefined ? '' : ` -> ${canonicalBase(value)}`}${count}`, ...flags].join(' ')
}

const DEFAULT_CONSTRAINTS: Readonly<Record<string, unknown>> = { refType: 'strong', minLength: 0 }

function canonicalBase (base: BaseType): string {
  if (typeof base === 'string') return base
  const constraints = Object.entries(base)
    .filter(([name, value]) => name !== 'type' && DEFAULT_CONSTRAINTS[name] !== value)
    .map(([name, value]) => `${name}=${name === 'enum' ? canonicalEnum(value) : JSON.stringify(value)}`)
    .toSorted()
  return constraints.length === 0 ? base.type : `${base.type}(${constraints.join(' ')})`
}

/** An enumeration is a set (`["set", [...]]`), or one bare value. */
function canonicalEnum (value: unknown): string {
  const members: unknown[] = Array.isArray(value) && value[0] === 'set' && Array.isArray(value[1]) ? value[1] : [value]
  return members.map(member => JSON.stringify(member)).toSorted().join('|')
}
