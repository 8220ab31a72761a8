import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeAnswer } from '../../../../controller/core/upgrade-check.ts'
import { planConversion } from '../../../../controller/core/upgrade-convert.ts'
import { schemaDigest, type ColumnType, type DatabaseSchema } from '../../../../protocol/database-schema.ts'

const schemaOf = (columns: Readonly<Record<string, ColumnType>>, name = 'OVN_Northbound'): DatabaseSchema => ({ name, version: '1.0.0', tables: { T: { columns: Object.fromEntries(Object.entries(columns).map(([column, type]) => [column, { type }])) } } })
const OLD = schemaOf({ a: 'string' })
const MORE = schemaOf({ a: 'string', b: 'integer' })
const OTHER = schemaOf({ a: 'integer' })

const answer = (node: string, schema: DatabaseSchema, file: DatabaseSchema | null): NodeAnswer => ({ node, versions: { servers: [{ server: 'nb', run: 'process', version: '3.1.0', installed: '3.1.0', problem: null, databases: [{ database: 'OVN_Northbound', schema, file: { path: '/nb.ovsschema', schema: file, problem: file === null ? 'ENOENT' : null } }, { database: 'OVSDB_HA', schema: OTHER, file: null }] }] } })
const whys = (answers: readonly NodeAnswer[], cutOver = false) => planConversion(answers, 'n1', cutOver).refusals.map(({ why }) => why)

test('every database gets the schema that the files of all nodes hold, when its backups can follow meanwhile', () => {
  assert.deepEqual(planConversion([answer('n1', OLD, MORE), answer('n2', OLD, MORE)], 'n1', false), { convert: { nb: schemaDigest(MORE) }, refusals: [] })
})

test('what is converted already on some nodes is finished on the others', () => {
  assert.deepEqual(planConversion([answer('n1', OLD, MORE), answer('n2', MORE, MORE)], 'n1', false).convert, { nb: schemaDigest(MORE) })
  assert.deepEqual(whys([answer('n1', MORE, MORE), answer('n2', MORE, MORE)]), ['every database has the schema of its file already'])
})

test('a schema that cannot follow the one of the active is refused with the column, and is what a cut-over is for', () => {
  const answers = [answer('n1', MORE, OLD), answer('n2', MORE, OLD)]
  assert.deepEqual(whys(answers), ['a backup with the new schema of OVN_Northbound could not follow n1: column T.b is missing in the backup'])
  assert.deepEqual(planConversion(answers, 'n1', true), { convert: { nb: schemaDigest(OLD) }, refusals: [] })
  assert.deepEqual(whys([answer('n1', OLD, OTHER), answer('n2', OLD, OTHER)]), ['a backup with the new schema of OVN_Northbound could not follow n1: column T.a is string in the active and integer in the backup'])
})

test('nobody is cut over without need', () => {
  assert.deepEqual(whys([answer('n1', OLD, MORE), answer('n2', OLD, MORE)], true), ['the new schemas can follow the old ones'])
  assert.deepEqual(whys([answer('n1', OLD, OLD)], true), ['every database has the schema of its file already'])
})

test('files that differ, cannot be read or are of another database convert nothing, and a node that is not heard neither', () => {
  assert.deepEqual(whys([answer('n1', OLD, MORE), answer('n2', OLD, OLD)]), ['the schema files of n1, n2 differ (/nb.ovsschema)'])
  assert.deepEqual(whys([answer('n1', OLD, MORE), answer('n2', OLD, null)]), ['the schema file /nb.ovsschema of n2 cannot be read: ENOENT'])
  assert.deepEqual(whys([answer('n1', OLD, schemaOf({ a: 'string' }, 'OVN_Southbound'))]), ['/nb.ovsschema of n1 is the schema of OVN_Southbound, and not of OVN_Northbound'])
  for (const cutOver of [false, true]) assert.deepEqual(whys([answer('n1', OLD, MORE), { node: 'n2', problem: 'no answer' }], cutOver), ['n2 was not heard: no answer'])
})
