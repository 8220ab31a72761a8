import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { schemaDifferences, type ColumnType, type DatabaseSchema } from '../../../protocol/database-schema.ts'

function schema (columns: Record<string, ColumnType>, more: Partial<DatabaseSchema> = {}): DatabaseSchema {
  return { name: 'db', version: '1.0.0', tables: { T: { columns: Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, { type }])), isRoot: true } }, ...more }
}

describe('schema comparison (N8, F12)', () => {
  test('what only the backup has, and another version, do not matter', () => {
    assert.deepEqual(schemaDifferences(schema({ a: 'string' }), schema({ a: 'string', b: 'integer' }, { version: '2.0.0' })), [])
  })

  test('what the backup lacks is named', () => {
    assert.deepEqual(schemaDifferences(schema({ a: 'string', b: 'integer' }), schema({ a: 'string' })), ['column T.b is missing in the backup'])
    assert.deepEqual(schemaDifferences(schema({ a: 'string' }), { name: 'db', tables: {} }), ['table T is missing in the backup'])
    assert.deepEqual(schemaDifferences(schema({ constructor: 'string' }), schema({})), ['column T.constructor is missing in the backup'])
  })

  const DIFFERENT: ReadonlyArray<readonly [ColumnType, ColumnType, string]> = [
    ['string', 'integer', 'is string in the active and integer in the backup'],
    ['string', { key: 'string', min: 0, max: 'unlimited' }, 'is string in the active and string 0..unlimited in the backup'],
    [{ key: 'string', value: 'string', min: 0, max: 'unlimited' }, { key: 'string', min: 0, max: 'unlimited' }, 'is string -> string 0..unlimited in the active and string 0..unlimited in the backup'],
    [{ key: { type: 'string', enum: ['set', ['allow', 'drop', 'pass']] } }, { key: { type: 'string', enum: ['set', ['drop', 'allow']] } }, 'is string(enum="allow"|"drop"|"pass") in the active and string(enum="allow"|"drop") in the backup'],
    [{ key: { type: 'uuid', refTable: 'A', refType: 'weak' } }, { key: { type: 'uuid', refTable: 'A' } }, 'is uuid(refTable="A" refType="weak") in the active and uuid(refTable="A") in the backup']
  ]
  for (const [active, backup, words] of DIFFERENT) {
    test(`tells: ${words}`, () => assert.deepEqual(schemaDifferences(schema({ a: active }), schema({ a: backup })), [`column T.a ${words}`]))
  }

  test('one type in several spellings is one type', () => {
    assert.deepEqual(schemaDifferences(
      schema({ a: 'string', b: { key: { type: 'string', enum: ['set', ['x', 'y']] } }, c: { key: { type: 'uuid', refTable: 'A', refType: 'strong' } } }),
      schema({ a: { key: { type: 'string', minLength: 0 }, min: 1, max: 1 }, b: { key: { enum: ['set', ['y', 'x']], type: 'string' } }, c: { key: { type: 'uuid', refTable: 'A' } } })
    ), [])
  })

  test('ephemeral and immutable columns differ from ordinary ones', () => {
    const ordinary = schema({ a: 'string' })
    const special = { ...ordinary, tables: { T: { columns: { a: { type: 'string', ephemeral: true, mutable: false } } } } } as const
    assert.deepEqual(schemaDifferences(special, ordinary), ['column T.a is string ephemeral immutable in the active and string in the backup'])
  })

  test('another database is no database to follow', () => {
    assert.deepEqual(schemaDifferences(schema({}), schema({}, { name: 'other' })), ['the active serves db, the backup other'])
  })

  test('the real Northbound schema follows itself, and does not when one column changed', async () => {
    const real = JSON.parse(await readFile('/usr/share/ovn/ovn-nb.ovsschema', 'utf8')) as DatabaseSchema
    assert.deepEqual(schemaDifferences(real, real), [])
    const changed = structuredClone(real) as { tables: Record<string, { columns: Record<string, { type: ColumnType }> }> }
    const column = changed.tables.ACL?.columns.priority
    assert.ok(column !== undefined)
    column.type = 'string'
    assert.match(schemaDifferences(real, changed as unknown as DatabaseSchema).join(), /^column ACL\.priority is integer\(maxInteger=32767 minInteger=0\) in the active and string in the backup$/)
  })
})
