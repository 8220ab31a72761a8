import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rowsOf, type Content } from '../../../../agent/ovsdb/content.ts'
import { planReplay, REPLAY_ROWS_MAX } from '../../../../agent/ovsdb/replay-plan.ts'
import type { DatabaseSchema } from '../../../../protocol/database-schema.ts'
import type { RowChoice } from '../../../../protocol/rescue-replay.ts'

const strong = (refTable: string, max: 1 | 'unlimited' = 'unlimited') => ({ key: { type: 'uuid', refTable }, min: 0, max })
const SCHEMA: DatabaseSchema = {
  name: 'D',
  tables: {
    Global: { isRoot: true, maxRows: 1, columns: { name: { type: 'string' } } },
    Switch: { isRoot: true, indexes: [['name']], columns: { name: { type: 'string' }, ports: { type: strong('Port') }, peer: { type: { key: { type: 'uuid', refTable: 'Switch', refType: 'weak' }, min: 0, max: 1 } }, qos: { type: strong('Rule', 1) }, byName: { type: { key: 'string', value: { type: 'uuid', refTable: 'Rule' }, min: 0, max: 'unlimited' } } } },
    Port: { columns: { name: { type: 'string' }, kind: { type: 'string', mutable: false }, rule: { type: strong('Rule', 1) } } },
    Rule: { columns: { match: { type: 'string' } } }
  }
}
const NONE = ['set', []]
const ref = (uuid: string) => ['uuid', uuid]
const refs = (...uuids: readonly string[]) => uuids.length === 1 ? ref(uuids[0] ?? '') : ['set', uuids.map(ref)]
type Rows = Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>

const DEFAULTS: Readonly<Record<string, Record<string, unknown>>> = {
  Switch: { ports: NONE, peer: NONE, qos: NONE, byName: ['map', []] },
  Port: { kind: 'plain', rule: NONE }
}
function content (rows: Rows, schema = SCHEMA): Content {
  return { schema, tables: new Map(Object.keys(schema.tables).map(table => [table, rowsOf({ rows: Object.entries(rows[table] ?? {}).map(([uuid, row]) => ({ _uuid: ref(uuid), ...DEFAULTS[table], ...row })) })])) }
}
function plan (rescue: Rows, active: Rows, choice: RowChoice = { all: true }, activeSchema = SCHEMA) {
  const made = planReplay({ rescue: content(rescue), active: content(active, activeSchema) }, choice)
  return { ...made, did: made.rows.map(({ action, uuid }) => `${action} ${uuid}`).toSorted(), why: made.conflicts.map(({ uuid, reason }) => `${uuid}: ${reason}`) }
}

describe('a plan to bring rows back (S7)', () => {
  test('first tests that none of the rows is there, then inserts them with their uuids, and asks for a durable commit', () => {
    const { operations, rowOfOperation } = plan({ Switch: { aaaa: { name: 'a' } } }, {})
    assert.deepEqual(operations, [
      { op: 'wait', timeout: 0, table: 'Switch', where: [['_uuid', '==', ref('aaaa')]], columns: ['_uuid'], until: '==', rows: [] },
      { op: 'insert', table: 'Switch', uuid: 'aaaa', row: { byName: ['map', []], name: 'a', peer: NONE, ports: NONE, qos: NONE } },
      { op: 'commit', durable: true }
    ])
    assert.deepEqual(rowOfOperation, [0, 0, -1])
  })

  test('takes along what the rows refer to, and says why', () => {
    const { did, rows } = plan({ Switch: { aaaa: { name: 'a', ports: ref('pppp') } }, Port: { pppp: { name: 'p', rule: ref('rrrr') } }, Rule: { rrrr: { match: 'm' } } }, {}, { rows: ['aaaa'] })
    assert.deepEqual(did, ['insert aaaa', 'insert pppp', 'insert rrrr'])
    assert.deepEqual(rows.map(({ because }) => because), [null, 'Switch aaaa refers to it', 'Port pppp refers to it'])
  })

  test('takes along the only row that would keep one of a table that is no root', () => {
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a', ports: ref('pppp') } }, Port: { pppp: { name: 'p' } } }, {}, { rows: ['pppp'] }).did, ['insert aaaa', 'insert pppp'])
  })

  test('gives a row of the active its reference back, in sets and in maps, and tests that the row is there', () => {
    const { did, operations } = plan({ Switch: { aaaa: { name: 'a', ports: refs('pppp', 'qqqq'), byName: ['map', [['k', ref('rrrr')], ['l', ref('ssss')]]] } }, Port: { pppp: { name: 'p' }, qqqq: { name: 'q' } }, Rule: { rrrr: { match: '1' }, ssss: { match: '2' } } },
      { Switch: { aaaa: { name: 'a', ports: ref('qqqq'), byName: ['map', [['l', ref('ssss')]]] } }, Port: { qqqq: { name: 'q' } }, Rule: { ssss: { match: '2' } } })
    assert.deepEqual(did, ['insert pppp', 'insert rrrr', 'refer aaaa', 'refer aaaa'])
    assert.deepEqual(operations.filter(({ op }) => op === 'mutate').map(({ mutations }) => mutations), [[['ports', 'insert', ['set', [ref('pppp')]]]], [['byName', 'insert', ['map', [['k', ref('rrrr')]]]]]])
    assert.deepEqual(operations.filter(({ op, until }) => op === 'wait' && until === '!=').length, 2)
  })

  test('is refused where the one place for the reference is taken', () => {
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a', qos: ref('rrrr') } }, Rule: { rrrr: { match: '1' } } }, { Switch: { aaaa: { name: 'a', qos: ref('ssss') } }, Rule: { ssss: { match: '2' } } }).why, ['rrrr: Switch aaaa refers to another row now (qos)'])
  })

  test('tests that the one place for a reference is still free', () => {
    const { operations } = plan({ Switch: { aaaa: { name: 'a', qos: ref('rrrr') } }, Rule: { rrrr: { match: '1' } } }, { Switch: { aaaa: { name: 'a' } } })
    assert.deepEqual(operations.find(({ columns }) => Array.isArray(columns) && columns.includes('qos'))?.rows, [{ qos: NONE }])
  })

  test('is refused when a row refers to one that neither side has, and when nothing refers to it', () => {
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a', ports: ref('pppp') } } }, {}).why, ['aaaa: its ports refers to Port pppp, which neither the active nor the rescue has'])
    assert.deepEqual(plan({ Rule: { rrrr: { match: '1' } } }, {}).why, ['rrrr: nothing in the rescue refers to it, and a row of this table is kept only while something does'])
  })

  test('tells which weak references do not come back, and is not refused for them', () => {
    const { notes, did } = plan({ Switch: { aaaa: { name: 'a', peer: ref('bbbb') }, bbbb: { name: 'b' } } }, {}, { rows: ['aaaa'] })
    assert.deepEqual([did, notes], [['insert aaaa'], ['Switch aaaa comes back without its peer to Switch bbbb, which was not chosen']])
  })

  test('is refused when another row has the values of an index, unless that one goes or gets others', () => {
    const [lost, taken] = [{ Switch: { aaaa: { name: 'a' } } }, { Switch: { bbbb: { name: 'a' } } }]
    const { why, operations } = plan(lost, taken)
    assert.deepEqual([why, operations], [['aaaa: Switch bbbb of the active has the same name'], []])
    assert.deepEqual(plan(lost, taken, { rows: ['aaaa', 'bbbb'] }).why, [])
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a' }, bbbb: { name: 'b' } } }, taken, { rows: ['aaaa', 'bbbb'] }).why, [])
  })

  test('leaves out what conflicts, and all that cannot be without it, only when it is told to', () => {
    const rescue: Rows = { Switch: { aaaa: { name: 'a' }, bbbb: { name: 'b', ports: refs('pppp', 'qqqq') }, cccc: { name: 'c', ports: ref('ssss') } }, Port: { pppp: { name: 'p' }, qqqq: { name: 'q', rule: ref('rrrr') }, ssss: { name: 's' } } }
    const active: Rows = { Switch: { dddd: { name: 'a' } } }
    const refused = plan(rescue, active)
    assert.deepEqual([refused.operations, refused.why], [[], ['qqqq: its rule refers to Rule rrrr, which neither the active nor the rescue has', 'aaaa: Switch dddd of the active has the same name']])
    const made = plan(rescue, active, { all: true, skipConflicts: true })
    assert.deepEqual([made.did, made.why], [['insert cccc', 'insert ssss'], []])
    assert.deepEqual(made.skipped.map(({ uuid }) => uuid).slice(0, 2), ['qqqq', 'aaaa'])
    assert.ok(made.operations.length > 0)
  })

  test('is refused when the table is full', () => {
    assert.deepEqual(plan({ Global: { gggg: { name: 'ours' } } }, { Global: { hhhh: { name: 'theirs' } } }).why, ['gggg: the active has 1 of at most 1 rows in Global'])
  })

  test('writes the values of a changed row only when the active still has what was seen', () => {
    const { operations } = plan({ Switch: { aaaa: { name: 'old' } } }, { Switch: { aaaa: { name: 'new' } } }, { rows: ['aaaa'] })
    assert.deepEqual(operations.slice(0, 2), [
      { op: 'wait', timeout: 0, table: 'Switch', where: [['_uuid', '==', ref('aaaa')]], columns: ['name'], until: '==', rows: [{ name: 'new' }] },
      { op: 'update', table: 'Switch', where: [['_uuid', '==', ref('aaaa')]], row: { name: 'old' } }
    ])
  })

  test('is refused for a column that cannot be changed', () => {
    const port = (kind: string): Rows => ({ Switch: { aaaa: { name: 'a', ports: ref('pppp') } }, Port: { pppp: { name: 'p', kind } } })
    assert.deepEqual(plan(port('x'), port('y'), { rows: ['pppp'] }).why, ['pppp: kind cannot be changed once a row is there'])
  })

  test('deletes what was deleted there only when it is as it was seen, and nothing refers to it', () => {
    const { did, operations } = plan({}, { Switch: { aaaa: { name: 'a' } } }, { rows: ['aaaa'] })
    assert.deepEqual(did, ['delete aaaa'])
    assert.deepEqual(operations[0]?.rows, [{ name: 'a', ...DEFAULTS.Switch }])
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a' } } }, { Switch: { aaaa: { name: 'a', ports: ref('pppp') } }, Port: { pppp: { name: 'p' } } }, { rows: ['pppp'] }).why, ['pppp: Switch aaaa of the active refers to it (ports)'])
  })

  test('takes all missing rows of a table, and neither changed nor extra ones', () => {
    assert.deepEqual(plan({ Switch: { aaaa: { name: 'a' }, bbbb: { name: 'b' } }, Global: { gggg: { name: 'g' } } }, { Switch: { bbbb: { name: 'B' }, cccc: { name: 'c' } } }, { tables: ['Switch'] }).did, ['insert aaaa'])
  })

  test('is refused for a name that fits none or several rows, and for a table that is not there', () => {
    const { why, conflicts } = plan({ Switch: { aaa1: { name: 'a' }, aaa2: { name: 'b' } } }, {}, { rows: ['aaa', 'ffff'], tables: ['Nope'] })
    assert.deepEqual(why, [': the rescue has no table Nope', 'aaa: 2 rows that differ begin with it', 'ffff: no row that differs has this uuid'])
    assert.equal(conflicts[0]?.table, 'Nope')
  })

  test('leaves out columns that the active does not have, and is refused for tables that it does not have', () => {
    const { Rule, ...tables } = SCHEMA.tables
    const { qos, byName, ...columns } = SCHEMA.tables.Switch?.columns ?? {}
    const older: DatabaseSchema = { name: 'D', tables: { ...tables, Switch: { ...SCHEMA.tables.Switch, columns } } }
    const { operations, why } = plan({ Switch: { aaaa: { name: 'a' } } }, {}, { all: true }, older)
    assert.deepEqual([why, Object.keys(operations[1]?.row as object)], [[], ['name', 'peer', 'ports']])
    assert.match(plan({ Switch: { aaaa: { name: 'a', qos: ref('rrrr') } }, Rule: { rrrr: { match: '1' } } }, {}, { rows: ['rrrr'] }, older).why.join(), /rrrr: the active has no table Rule/)
    assert.ok(Rule !== undefined && qos !== undefined && byName !== undefined)
  })

  test(`is refused for more than ${REPLAY_ROWS_MAX} rows`, () => {
    const many = Object.fromEntries(Array.from({ length: REPLAY_ROWS_MAX + 1 }, (_, number) => [`u${number}`, { name: `n${number}` }]))
    assert.match(plan({ Switch: many }, {}).why.join(), /5001 rows are more than one transaction takes/)
  })
})
