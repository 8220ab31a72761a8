// A backup's database against the active's, while both change: counts and suspects at a first look, and which of the
// suspects last at a second one, behind a marker.
import { createHash } from 'node:crypto'
import type { MarkerColumn } from '../../protocol/cluster.ts'
import { SUSPECTS_MAX, TABLE_SUSPECTS_MAX, type CompareReply, type RecheckReply, type Suspect, type TableComparison } from '../../protocol/verify.ts'
import { canonical, type Content, type Row } from './content.ts'
import { differences, sharedColumns, type RowDifference } from './content-diff.ts'
import { awaitMarker } from './marker.ts'
import type { ServerReader } from './read-content.ts'

export interface BothSides {
  readonly own: ServerReader
  readonly active: ServerReader
}

const NO_ROWS: ReadonlyMap<string, Row> = new Map()

/** Table by table, so that no more than one table of each side is in memory. `onTable` is called with how many are done. */
export async function compareSides ({ own, active }: BothSides, digests: boolean, onTable: (done: number, all: number) => void): Promise<CompareReply> {
  const names = [...new Set([...Object.keys(own.schema.tables), ...Object.keys(active.schema.tables)])].toSorted()
  const tables: TableComparison[] = []
  const suspects: Suspect[] = []
  let longestReadMs = 0
  for (const [index, table] of names.entries()) {
    onTable(index, names.length)
    const fromMs = performance.now()
    const there = await rowsAt(active, table)
    longestReadMs = Math.max(longestReadMs, performance.now() - fromMs)
    const here = await rowsAt(own, table)
    const [mine, theirs] = [contentOf(own, table, here), contentOf(active, table, there)]
    const shared = sharedColumns(mine, theirs, table)
    const counted = createCount()
    for (const found of differences(mine, theirs)) {
      counted.add(found)
      if (suspects.length < SUSPECTS_MAX && counted.rows() <= TABLE_SUSPECTS_MAX) suspects.push({ table, uuid: found.uuid, activeDigest: rowDigest(found.active, shared) })
    }
    const digest = (rows: ReadonlyMap<string, Row>) => digests ? tableDigest(rows, shared) : null
    tables.push({ table, activeRows: there.size, backupRows: here.size, ...counted.result(), activeDigest: digest(there), backupDigest: digest(here) })
  }
  onTable(names.length, names.length)
  return { tables, suspects, longestReadMs }
}

/**
 * The suspects as they were read before the marker was written. A backup that has the marker has everything that the
 * active had before it: a row that the active has now as it had it then, and that the backup has otherwise, is no matter
 * of time. A row that the active changed meanwhile proves nothing.
 */
export async function recheckSides ({ own, active }: BothSides, { marker, column }: { readonly marker: string, readonly column: MarkerColumn | null }, suspects: readonly Suspect[], deadlineMs: number): Promise<RecheckReply> {
  await awaitMarker(own.client, own.schema, marker, deadlineMs, column)
  const lasting: Suspect[] = []
  const moving: Suspect[] = []
  for (const [table, group] of Map.groupBy(suspects, one => one.table)) {
    const uuids = group.map(({ uuid }) => uuid)
    const mine = contentOf(own, table, await rowsAt(own, table, uuids))
    const theirs = contentOf(active, table, await rowsAt(active, table, uuids)) // after our own: what the active did meanwhile shows
    const shared = sharedColumns(mine, theirs, table)
    const differ = new Map([...differences(mine, theirs)].map(found => [found.uuid, rowDigest(found.active, shared)]))
    for (const suspect of group) {
      const now = differ.get(suspect.uuid)
      if (now === undefined) continue // it has arrived
      if (now === suspect.activeDigest) lasting.push(suspect)
      else moving.push({ ...suspect, activeDigest: now })
    }
  }
  return { lasting, moving }
}

async function rowsAt (side: ServerReader, table: string, uuids?: readonly string[]): Promise<ReadonlyMap<string, Row>> {
  if (!Object.hasOwn(side.schema.tables, table)) return NO_ROWS
  return uuids === undefined ? await side.table(table) : await side.rows(table, uuids)
}

function contentOf ({ schema }: ServerReader, table: string, rows: ReadonlyMap<string, Row>): Content {
  return { schema, tables: new Map([[table, rows]]) }
}

function createCount () {
  const counts = { lackingRows: 0, changedRows: 0, surplusRows: 0 }
  const columns = new Set<string>()
  return {
    /** As seen from the backup, whose rows stand where a rescue's do: what only the active has, the backup lacks. */
    add ({ kind, columns: differing }: RowDifference): void {
      if (kind === 'extra') counts.lackingRows += 1
      else if (kind === 'missing') counts.surplusRows += 1
      else counts.changedRows += 1
      if (kind === 'changed') for (const column of differing) columns.add(column)
    },
    rows: () => counts.lackingRows + counts.changedRows + counts.surplusRows,
    result: () => ({ ...counts, columns: [...columns].toSorted() })
  }
}

function rowDigest (row: Row | null, columns: readonly string[]): string | null {
  return row === null ? null : createHash('sha256').update(JSON.stringify(columns.map(column => canonical(row[column])))).digest('hex')
}

function tableDigest (rows: ReadonlyMap<string, Row>, columns: readonly string[]): string {
  const hash = createHash('sha256')
  for (const uuid of [...rows.keys()].toSorted()) hash.update(`${uuid}${rowDigest(rows.get(uuid) ?? null, columns)}`)
  return hash.digest('hex')
}
