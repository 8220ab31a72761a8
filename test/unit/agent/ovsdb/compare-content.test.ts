import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareSides, recheckSides } from '../../../../agent/ovsdb/compare-content.ts'
import type { Row } from '../../../../agent/ovsdb/content.ts'
import { MARKER_KEY } from '../../../../agent/ovsdb/marker.ts'
import type { ServerReader } from '../../../../agent/ovsdb/read-content.ts'
import { TABLE_SUSPECTS_MAX } from '../../../../protocol/verify.ts'

const NAMES = { key: 'string', min: 0, max: 'unlimited' } as const
const SCHEMA = { name: 'Things', tables: { Root: { maxRows: 1, columns: { external_ids: { type: { ...NAMES, value: 'string' } } } }, Thing: { columns: { name: { type: 'string' }, tags: { type: NAMES } } } } }
const MARKER = { marker: 'verify/n1/4/x', column: null }

/** A database that is read from memory; `log` gets who was read, in order. */
function reader (things: Readonly<Record<string, Row>>, name = '', log: string[] = [], schema: ServerReader['schema'] = SCHEMA): ServerReader {
  const rowsOf = (table: string) => new Map(table === 'Thing' ? Object.entries(things) : [])
  return {
    schema,
    client: { async transact () { log.push(`${name} waits for the marker`); return [{}] } },
    async table (table) { log.push(`${name} ${table}`); return rowsOf(table) },
    async rows (table, uuids) { log.push(`${name} rows`); return new Map([...rowsOf(table)].filter(([uuid]) => uuids.includes(uuid))) },
    close () {}
  }
}

const same = { r1: { name: 'a', tags: ['set', ['x', 'y']] } }

test('what differs is counted by table, and each row is a suspect with what the active had', async () => {
  const done: string[] = []
  const own = reader({ ...same, changed: { name: 'old', tags: [] }, surplus: { name: 's' } })
  const { tables, suspects } = await compareSides({ own, active: reader({ ...same, changed: { name: 'new', tags: [] }, lacking: { name: 'l' } }) }, true, (count, all) => { done.push(`${count}/${all}`) })
  assert.deepEqual(tables.map(({ table, activeRows, backupRows, lackingRows, changedRows, surplusRows, columns }) => [table, activeRows, backupRows, lackingRows, changedRows, surplusRows, columns.join()]), [['Root', 0, 0, 0, 0, 0, ''], ['Thing', 3, 3, 1, 1, 1, 'name']])
  assert.deepEqual(suspects.map(({ uuid, activeDigest }) => [uuid, activeDigest === null]).toSorted(), [['changed', false], ['lacking', false], ['surplus', true]])
  assert.deepEqual(done, ['0/2', '1/2', '2/2'])
})

test('digests are of the content: not of the order of rows and sets, nor of columns that only one side has, nor of a marker', async () => {
  const wider = { ...SCHEMA, tables: { ...SCHEMA.tables, Thing: { columns: { ...SCHEMA.tables.Thing.columns, more: { type: 'string' } } } } }
  const own = reader({ b: { name: 'b', tags: ['map', [[MARKER_KEY, '1']]] }, a: { name: 'a', tags: ['set', ['y', 'x']] } })
  const active = reader({ a: { name: 'a', tags: ['set', ['x', 'y']], more: 'z' }, b: { name: 'b', tags: ['map', []], more: 'z' } }, '', [], wider)
  const digestsOf = async (mine: ServerReader) => (await compareSides({ own: mine, active }, true, () => {})).tables.find(({ table }) => table === 'Thing')
  const equal = await digestsOf(own)
  assert.deepEqual([equal?.changedRows, equal?.activeDigest === equal?.backupDigest], [0, true])
  const other = await digestsOf(reader({ a: { name: 'a', tags: ['set', ['x']] }, b: { name: 'b', tags: ['map', []] } }))
  assert.deepEqual([other?.changedRows, other?.activeDigest === other?.backupDigest], [1, false])
  assert.equal((await compareSides({ own, active }, false, () => {})).tables[0]?.activeDigest, null)
})

test('of one table so many rows are suspects, however many differ', async () => {
  const many = Object.fromEntries(Array.from({ length: TABLE_SUSPECTS_MAX + 7 }, (_, row) => [`r${row}`, { name: String(row) }]))
  const { tables, suspects } = await compareSides({ own: reader({}), active: reader(many) }, false, () => {})
  assert.deepEqual([tables.find(({ table }) => table === 'Thing')?.lackingRows, suspects.length], [TABLE_SUSPECTS_MAX + 7, TABLE_SUSPECTS_MAX])
})

/** The suspects of a backup that lacks `r2`, has another `r3`, and has `r4` too much. */
async function suspicious () {
  const active = { ...same, r2: { name: 'b' }, r3: { name: 'c' } }
  const { suspects } = await compareSides({ own: reader({ ...same, r3: { name: '?' }, r4: { name: 'd' } }), active: reader(active) }, false, () => {})
  return { suspects, active }
}

const recheck = async (own: Readonly<Record<string, Row>>, active: Readonly<Record<string, Row>>) => {
  const { lasting, moving } = await recheckSides({ own: reader(own), active: reader(active) }, MARKER, (await suspicious()).suspects, 1_000)
  return [lasting.map(({ uuid }) => uuid).toSorted(), moving.map(({ uuid }) => uuid).toSorted()]
}

test('behind the marker: what has arrived is no difference, what the active did not touch and the backup has otherwise lasts, what it changed moves', async () => {
  const { active } = await suspicious()
  assert.deepEqual(await recheck(active, active), [[], []])
  assert.deepEqual(await recheck({ ...same, r3: { name: '?' }, r4: { name: 'd' } }, active), [['r2', 'r3', 'r4'], []])
  assert.deepEqual(await recheck({ ...same, r3: { name: '?' } }, { ...same, r2: { name: 'B' }, r3: { name: 'C' } }), [[], ['r2', 'r3']])
  assert.deepEqual(await recheck({ ...same, r2: { name: 'b' }, r4: { name: 'd' } }, { ...same, r2: { name: 'b' }, r4: { name: 'new' } }), [[], ['r4']], 'the active got it since, and deleted r3 as the backup did')
})

test('the marker is waited for first, then the backup is read, and the active last: what it did meanwhile shows', async () => {
  const log: string[] = []
  await recheckSides({ own: reader(same, 'backup', log), active: reader(same, 'active', log) }, MARKER, (await suspicious()).suspects, 1_000)
  assert.deepEqual(log, ['backup waits for the marker', 'backup rows', 'active rows'])
})
