import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Content, Row } from '../../../../agent/ovsdb/content.ts'
import { MARKER_KEY } from '../../../../agent/ovsdb/marker.ts'
import { planRestore } from '../../../../agent/ovsdb/restore-plan.ts'
import { RESTORE_BYTES_MAX } from '../../../../protocol/restore.ts'

const SCHEMA = { name: 'Things', version: '1.0.0', tables: { Thing: { columns: { name: { type: 'string' }, ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' as const } } } } } }

function content (rows: Readonly<Record<string, Row>>, schema: Content['schema'] = SCHEMA): Content {
  return { schema, tables: new Map([['Thing', new Map(Object.entries(rows))]]) }
}

const where = (uuid: string) => [['_uuid', '==', ['uuid', uuid]]]

test('rows come back with their uuids, get their values back, or vanish; what is the same is not touched', () => {
  const plan = planRestore({ rescue: content({ r1: { name: 'back' }, r2: { name: 'old' }, r3: { name: 'same' } }), active: content({ r2: { name: 'new' }, r3: { name: 'same' }, r4: { name: 'gone' } }) }, true)
  assert.deepEqual(plan, {
    problem: null,
    tables: [{ table: 'Thing', comingRows: 1, changedRows: 1, vanishingRows: 1 }],
    operations: [
      { op: 'insert', table: 'Thing', uuid: 'r1', row: { name: 'back' } },
      { op: 'update', table: 'Thing', where: where('r2'), row: { name: 'old' } },
      { op: 'delete', table: 'Thing', where: where('r4') },
      { op: 'commit', durable: true }
    ]
  })
})

test('where nothing differs there is no transaction; a dry run has none either', () => {
  const same = content({ r1: { name: 'a' } })
  assert.deepEqual(planRestore({ rescue: same, active: same }, true), { problem: null, tables: [], operations: [] })
  assert.deepEqual(planRestore({ rescue: same, active: content({}) }, false).operations, [])
})

test('a marker that was in the snapshot does not come back: whoever sees one concludes from it', () => {
  const ids = (...pairs: ReadonlyArray<readonly [string, string]>) => ['map', pairs]
  const plan = planRestore({ rescue: content({ r1: { name: 'a', ids: ids([MARKER_KEY, 'old'], ['k', 'v']) } }), active: content({ r1: { name: 'a', ids: ids([MARKER_KEY, 'new']) } }) }, true)
  assert.deepEqual(plan.operations[0], { op: 'update', table: 'Thing', where: where('r1'), row: { ids: ids(['k', 'v']) } })
})

test('a snapshot of another schema is refused, whichever side has more: rows of what it does not know would vanish', () => {
  const wider = { ...SCHEMA, version: '1.1.0', tables: { ...SCHEMA.tables, Other: { columns: { name: { type: 'string' } } } } }
  for (const [rescue, active] of [[content({}), content({}, wider)], [content({}, wider), content({})]] as const) {
    assert.match(planRestore({ rescue, active }, true).problem ?? '', /^the snapshot is of another schema \(1\.[01]\.0, and the active's is 1\.[01]\.0\): table Other is missing/)
  }
})

test('more than one transaction takes over the wire is refused, with the way out', () => {
  const large = 'x'.repeat(1024 * 1024)
  const rows = Object.fromEntries(Array.from({ length: Math.ceil(RESTORE_BYTES_MAX / large.length) }, (_, row) => [`r${row}`, { name: large }]))
  const plan = planRestore({ rescue: content(rows), active: content({}) }, true)
  assert.deepEqual([/more than one transaction takes here .*ovsdb-client restore/.test(plan.problem ?? ''), plan.operations], [true, []])
})
