import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { connectionPlace, planConnections } from '../../../../agent/ovsdb/connection-plan.ts'
import type { ConnectionConfig } from '../../../../protocol/cluster.ts'
import type { DatabaseSchema } from '../../../../protocol/database-schema.ts'

const EMPTY = ['set', []]
const connection = (target: string, changes: Partial<ConnectionConfig> = {}): ConnectionConfig => ({ target, inactivityProbeMs: null, maxBackoffMs: null, readOnly: false, role: '', externalIds: {}, otherConfig: {}, ...changes })

/** As the schema files of OVN write them; the tables that matter here. */
function schema (name: string, extra: Readonly<Record<string, unknown>> = {}): DatabaseSchema {
  const map = { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } }
  const number = { type: { key: 'integer', min: 0, max: 1 } }
  return {
    name,
    tables: {
      NB_Global: { isRoot: true, maxRows: 1, columns: { connections: { type: { key: { type: 'uuid', refTable: 'Connection' }, min: 0, max: 'unlimited' } } } },
      Connection: { columns: { target: { type: 'string' }, inactivity_probe: number, max_backoff: number, external_ids: map, other_config: map, ...extra } }
    }
  } as unknown as DatabaseSchema
}
const NB = connectionPlace(schema('OVN_Northbound'))
const SB = connectionPlace(schema('OVN_Southbound', { read_only: { type: 'boolean' }, role: { type: 'string' } }))
const row = (uuid: string, target: string, changes: Readonly<Record<string, unknown>> = {}) => ({ _uuid: ['uuid', uuid], target, inactivity_probe: EMPTY, max_backoff: EMPTY, external_ids: ['map', []], other_config: ['map', []], ...changes })
const root = (...uuids: readonly string[]) => [{ _uuid: ['uuid', 'root'], connections: uuids.length === 1 ? ['uuid', uuids[0]] : ['set', uuids.map(uuid => ['uuid', uuid])] }]

describe('rows of Connection', () => {
  test('rows that are as they should be ask for no transaction, also when sets and maps are written otherwise', () => {
    const wanted = [connection('ptcp:6641', { inactivityProbeMs: 60_000, externalIds: { a: '1', b: '2' } })]
    const rows = [row('u1', 'ptcp:6641', { inactivity_probe: ['set', [60_000]], external_ids: ['map', [['b', '2'], ['a', '1']]] })]
    assert.deepEqual(planConnections('OVN_Northbound', NB, wanted, root('u1'), rows), { operations: [], added: [], changed: [], removed: [] })
  })

  test('one that is missing is added with every column, and referred to beside those that are there', () => {
    const plan = planConnections('OVN_Northbound', NB, [connection('ptcp:6641'), connection('pssl:6641', { inactivityProbeMs: 0 })], root('u1'), [row('u1', 'ptcp:6641')])
    assert.deepEqual(plan.operations, [
      { op: 'insert', table: 'Connection', row: { target: 'pssl:6641', inactivity_probe: 0, max_backoff: EMPTY, external_ids: ['map', []], other_config: ['map', []] }, 'uuid-name': 'connection1' },
      { op: 'update', table: 'NB_Global', where: [], row: { connections: ['set', [['uuid', 'u1'], ['named-uuid', 'connection1']]] } }
    ])
    assert.deepEqual(plan.added, ['pssl:6641'])
  })

  test('every column that differs is written, not only the probe; what the file does not name is emptied', () => {
    const rows = [row('u1', 'ptcp:6641', { max_backoff: 5_000, other_config: ['map', [['dscp', '10']]] })]
    const plan = planConnections('OVN_Northbound', NB, [connection('ptcp:6641', { inactivityProbeMs: 60_000 })], root('u1'), rows)
    assert.deepEqual(plan.operations, [{ op: 'update', table: 'Connection', where: [['_uuid', '==', ['uuid', 'u1']]], row: { inactivity_probe: 60_000, max_backoff: EMPTY, other_config: ['map', []] } }])
    assert.deepEqual(plan.changed, ['ptcp:6641'])
  })

  test('another address means another row, and the old one goes', () => {
    const plan = planConnections('OVN_Northbound', NB, [connection('ptcp:6641:10.0.0.101')], root('u1'), [row('u1', 'ptcp:6641:10.0.0.100')])
    assert.deepEqual(plan.operations.map(({ op }) => op), ['insert', 'delete', 'update'])
    assert.deepEqual([plan.added, plan.removed], [['ptcp:6641:10.0.0.101'], ['ptcp:6641:10.0.0.100']])
  })

  test('a row that nothing refers to is referred to again', () => {
    const plan = planConnections('OVN_Northbound', NB, [connection('ptcp:6641')], root(), [row('u1', 'ptcp:6641')])
    assert.deepEqual(plan.operations, [{ op: 'update', table: 'NB_Global', where: [], row: { connections: ['set', [['uuid', 'u1']]] } }])
  })

  test('a new database has no row that could refer to them: it is made, unless somebody made it meanwhile', () => {
    const { operations } = planConnections('OVN_Northbound', NB, [connection('ptcp:6641')], [], [])
    assert.deepEqual(operations.map(({ op, table }) => `${op} ${table as string}`), ['insert Connection', 'wait NB_Global', 'insert NB_Global'])
    assert.deepEqual(operations[1], { op: 'wait', timeout: 0, table: 'NB_Global', where: [], columns: [], until: '==', rows: [] })
  })

  test('read_only and role are written where the schema has them', () => {
    const { operations } = planConnections('OVN_Southbound', SB, [connection('ptcp:6642', { role: 'ovn-controller', readOnly: true })], root(), [])
    const written = operations[0]?.row as Readonly<Record<string, unknown>>
    assert.deepEqual([written.role, written.read_only], ['ovn-controller', true])
  })

  test('a column that the schema lacks is an error with its name, and only when it is set', () => {
    assert.throws(() => planConnections('OVN_Northbound', NB, [connection('ptcp:6641', { role: 'ovn-controller' })], root(), []), { code: 'OVSDB_HA_CONNECTIONS', message: /Connection has no column role, which the connection ptcp:6641 sets/ })
  })

  test('their place is found in the schemas that the packages install, and its lack is an error', async t => {
    for (const [file, root, column] of [['/usr/share/ovn/ovn-nb.ovsschema', 'NB_Global', 'connections'], ['/usr/share/ovn/ovn-sb.ovsschema', 'SB_Global', 'connections'], ['/usr/share/openvswitch/vtep.ovsschema', 'Global', 'managers']] as const) {
      const text = await readFile(file, 'utf8').catch(() => null)
      if (text === null) { t.diagnostic(`${file} is not installed`); continue }
      const place = connectionPlace(JSON.parse(text) as DatabaseSchema)
      assert.deepEqual([place.root, place.column], [root, column])
      assert.ok(place.fields.includes('inactivity_probe'))
    }
    assert.throws(() => connectionPlace({ name: 'Other', tables: {} }), { code: 'OVSDB_HA_CONNECTIONS' })
  })
})
