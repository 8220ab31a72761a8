import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { markerPlace, writeMarker } from '../../../../agent/ovsdb/marker.ts'
import type { ColumnSchema, DatabaseSchema } from '../../../../protocol/database-schema.ts'

const map: ColumnSchema = { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } }
const text: ColumnSchema = { type: 'string' }
const references: ColumnSchema = { type: { key: { type: 'uuid', refTable: 'Manager' }, min: 0, max: 'unlimited' } }

/** The tables of hardware_vtep that matter here; `other_config` came to Global late. */
function vtep (global: Record<string, ColumnSchema>): DatabaseSchema {
  return {
    name: 'hardware_vtep',
    tables: {
      Global: { columns: { managers: references, switches: references, ...global }, maxRows: 1, isRoot: true },
      Manager: { columns: { target: text, other_config: map } },
      Ucast_Macs_Local: { columns: { MAC: text, name: text, description: text, locator: { type: { key: { type: 'uuid', refTable: 'X' } } } }, isRoot: true },
      Logical_Switch: { columns: { name: text, description: text, tunnel_key: { type: { key: 'integer', min: 0, max: 1 } } }, isRoot: true },
      Logical_Router: { columns: { name: text, description: text, static_routes: map }, isRoot: true }
    }
  }
}

describe('where a marker goes', () => {
  const FILES = [
    ['/usr/share/ovn/ovn-nb.ovsschema', 'NB_Global'],
    ['/usr/share/ovn/ovn-sb.ovsschema', 'SB_Global'],
    ['/usr/share/openvswitch/vswitch.ovsschema', 'Open_vSwitch']
  ] as const
  for (const [file, table] of FILES) {
    test(`${table}: external_ids of the root row`, async () => {
      assert.deepEqual(markerPlace(JSON.parse(await readFile(file, 'utf8')) as DatabaseSchema), { kind: 'map', table, column: 'external_ids' })
    })
  }

  test('where the configuration says; not in a table of many rows, a column that is no map of strings, or one that is not there', () => {
    const { name, tables } = vtep({ other_config: map, description: text })
    const schema = { name, tables: { ...tables, Settings: { columns: { values: map, title: text }, maxRows: 1, isRoot: true } } }
    assert.deepEqual(markerPlace(schema, { table: 'Settings', column: 'values' }), { kind: 'map', table: 'Settings', column: 'values' })
    for (const [table, column] of [['Manager', 'other_config'], ['Settings', 'title'], ['Settings', 'toString'], ['constructor', 'name']] as const) {
      assert.equal(markerPlace(schema, { table, column }), null, `${table}.${column}`)
    }
  })

  test('a place that the configuration names and the schema lacks is refused by name', async () => {
    const nothing = { transact: async () => [] }
    await assert.rejects(writeMarker(nothing, vtep({ other_config: map }), 'm', { table: 'Manager', column: 'other_config' }), /hardware_vtep: Manager\.other_config \(marker in cluster\.yaml\) is no map of strings/)
  })

  test('hardware_vtep: other_config of Global where it is there', () => {
    assert.deepEqual(markerPlace(vtep({ other_config: map })), { kind: 'map', table: 'Global', column: 'other_config' })
  })

  test('older hardware_vtep: a row of its own, in a table where it needs no reference', () => {
    assert.deepEqual(markerPlace(vtep({})), { kind: 'row', table: 'Logical_Router' })
  })

  test('a schema that names no root table has only root tables', () => {
    const schema: DatabaseSchema = { name: 'db', tables: { Only: { columns: { external_ids: map }, maxRows: 1 } } }
    assert.deepEqual(markerPlace(schema), { kind: 'map', table: 'Only', column: 'external_ids' })
  })

  test('a map that is not written to disk, or cannot be changed, is no place', () => {
    assert.equal(markerPlace(vtep({ other_config: { ...map, ephemeral: true } }))?.kind, 'row')
    assert.equal(markerPlace(vtep({ other_config: { ...map, mutable: false } }))?.kind, 'row')
  })

  test('a schema without any place is an error that says so', async () => {
    const schema: DatabaseSchema = { name: 'db', tables: { T: { columns: { a: { type: 'integer' } }, isRoot: true } } }
    assert.equal(markerPlace(schema), null)
    await assert.rejects(writeMarker({ transact: async () => assert.fail('nothing may be written') }, schema, 'm'), { code: 'OVSDB_HA_MARKER_PLACE' })
  })
})
