import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rowsOf, type Content } from '../../../../agent/ovsdb/content.ts'
import { countByTable, differences } from '../../../../agent/ovsdb/content-diff.ts'
import type { DatabaseSchema } from '../../../../protocol/database-schema.ts'

const STRINGS = { key: 'string', min: 0, max: 'unlimited' } as const
const SCHEMA: DatabaseSchema = {
  name: 'D',
  tables: {
    Switch: { columns: { name: { type: 'string' }, ports: { type: { key: { type: 'uuid', refTable: 'Port' }, min: 0, max: 'unlimited' } }, ids: { type: { ...STRINGS, value: 'string' } }, seen: { type: 'integer', ephemeral: true } } },
    Port: { columns: { name: { type: 'string' } } }
  }
}
const content = (tables: Readonly<Record<string, ReadonlyArray<Record<string, unknown>>>>, schema = SCHEMA): Content =>
  ({ schema, tables: new Map(Object.keys(schema.tables).map(name => [name, rowsOf({ rows: (tables[name] ?? []).map(({ _uuid, ...row }) => ({ ...row, _uuid: ['uuid', _uuid] })) })])) })
const found = (rescue: Content, active: Content) => [...differences(rescue, active)].map(({ table, uuid, kind, columns }) => [table, uuid, kind, columns.join()])

describe('the difference of a rescue and the active', () => {
  test('is told row by row: missing, changed with its columns, extra', () => {
    assert.deepEqual(found(
      content({ Switch: [{ _uuid: 'a', name: 'one' }, { _uuid: 'b', name: 'two' }], Port: [{ _uuid: 'p', name: 'x' }] }),
      content({ Switch: [{ _uuid: 'b', name: 'TWO' }, { _uuid: 'c', name: 'three' }], Port: [{ _uuid: 'p', name: 'x' }] })
    ), [['Switch', 'a', 'missing', 'name'], ['Switch', 'b', 'changed', 'name'], ['Switch', 'c', 'extra', 'name']])
  })

  test('does not depend on the order of sets and maps, nor on how a set of one is written', () => {
    const [p, q] = [['uuid', 'p'], ['uuid', 'q']]
    assert.deepEqual(found(
      content({ Switch: [{ _uuid: 'a', ports: ['set', [p, q]], ids: ['map', [['k', '1'], ['l', '2']]] }, { _uuid: 'b', ports: ['set', [p]] }] }),
      content({ Switch: [{ _uuid: 'a', ports: ['set', [q, p]], ids: ['map', [['l', '2'], ['k', '1']]] }, { _uuid: 'b', ports: p }] })
    ), [])
  })

  test('is none in ephemeral columns, in our own marker, and in columns that only one schema has', () => {
    const wider: DatabaseSchema = { name: 'D', tables: { ...SCHEMA.tables, Port: { columns: { name: { type: 'string' }, extra: { type: 'string' } } } } }
    const marked = (marker: string) => ['map', [['k', '1'], ['ovsdb-ha-marker', marker]]]
    assert.deepEqual(found(
      content({ Switch: [{ _uuid: 'a', seen: 1, ids: marked('1') }, { _uuid: 'm', name: 'ovsdb-ha-marker' }], Port: [{ _uuid: 'p', name: 'x' }] }),
      content({ Switch: [{ _uuid: 'a', seen: 2, ids: marked('2') }], Port: [{ _uuid: 'p', name: 'x', extra: 'y' }] }, wider)
    ), [])
  })

  test('is none in a root row that was made for our marker and holds nothing else', () => {
    const marker = ['map', [['ovsdb-ha-marker', '1']]]
    const [none, empty] = [content({}), { name: '', ports: ['set', []], ids: marker }]
    assert.deepEqual(found(content({ Switch: [{ _uuid: 'g', ...empty }] }), none), [])
    for (const used of [{ name: 'x' }, { ports: ['uuid', 'p'] }, { ids: ['map', [['k', '1'], ['ovsdb-ha-marker', '1']]] }, { ids: ['map', []] }]) {
      assert.deepEqual(found(content({ Switch: [{ _uuid: 'g', ...empty, ...used }] }), none).length, 1, JSON.stringify(used))
    }
  })

  test('a table that the active does not have is missing with all its rows', () => {
    const { Port, ...rest } = SCHEMA.tables
    assert.deepEqual(found(content({ Port: [{ _uuid: 'p', name: 'x' }] }), content({}, { name: 'D', tables: rest })), [['Port', 'p', 'missing', 'name']])
    assert.ok(Port !== undefined)
  })

  test('is counted by table', () => {
    const [rescue, active] = [content({ Switch: [{ _uuid: 'a', name: '1' }, { _uuid: 'b', name: '2' }], Port: [{ _uuid: 'p', name: 'x' }] }), content({ Switch: [{ _uuid: 'b', name: '3' }, { _uuid: 'c', name: '4' }] })]
    assert.deepEqual(countByTable(differences(rescue, active)), [
      { table: 'Port', missingRows: 1, changedRows: 0, extraRows: 0 },
      { table: 'Switch', missingRows: 1, changedRows: 1, extraRows: 1 }
    ])
  })
})
