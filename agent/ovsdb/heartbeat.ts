// The small database of our own that the active writes about once a second: write canary, lag, freshness (S6).
import { fileURLToPath } from 'node:url'
import { Value } from 'typebox/value'
import { PositionSchema, type Position } from '../../protocol/position.ts'
import type { Transactor } from './client.ts'

export const HEARTBEAT_DATABASE = 'OVSDB_HA'
export const HEARTBEAT_SCHEMA_FILE = fileURLToPath(new URL('heartbeat.ovsschema', import.meta.url))

const TABLE = 'Heartbeat'

/** How far the data here is; null when no heartbeat was ever written, or when the row makes no sense. */
export async function readPosition (db: Transactor, timeoutMs?: number): Promise<Position | null> {
  const [result] = await db.transact(HEARTBEAT_DATABASE, [{ op: 'select', table: TABLE, where: [], columns: ['term', 'sequence', 'writer'] }], timeoutMs)
  const row = result?.rows?.[0]
  return Value.Check(PositionSchema, row) ? row : null
}

/**
 * Replaces the row, whatever was in it. `timeMs` is the wall clock, for people who look at the database: nothing decides
 * by it. Not durable, since an fsync a second would be a cost without use: the position of a node that lost power is
 * read from what its file then holds. The same operations work for the first row and for every later one.
 */
export async function writePosition (db: Transactor, { term, sequence, writer }: Position, timeMs: number, timeoutMs?: number): Promise<void> {
  await db.transact(HEARTBEAT_DATABASE, [
    { op: 'delete', table: TABLE, where: [] },
    { op: 'insert', table: TABLE, row: { term, sequence, writer, time: Math.trunc(timeMs) } },
    { op: 'commit', durable: false }
  ], timeoutMs)
}
