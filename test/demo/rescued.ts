// Replication is asynchronous: what a server acknowledged in its last moment may die with it. It is not lost: the file of
// the old active is kept before that node follows the new one (S7), and here it is read.
import path from 'node:path'
import { execa } from 'execa'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { HistoryEntry } from '../../protocol/api.ts'
import { hostOf, type TestbedPlan } from '../testbed/plan.ts'
import { unpacked } from '../testbed/unpacked.ts'

const QUERY_TIMEOUT_MS = 10_000
const AnswerSchema = Type.Tuple([Type.Object({ rows: Type.Array(Type.Object({ name: Type.String() })) })])

/** Which of the rows are in the rescues that the history tells of since the kill. */
export async function findRescued (plan: TestbedPlan, entries: readonly HistoryEntry[], database: string, table: string, rows: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const { kind, node, facts } of entries) {
    if (kind !== 'rescueKept' || node === null || typeof facts.file !== 'string' || !facts.file.includes(database)) continue
    const file = path.join(hostOf(plan, node).directory, path.relative('/run/ovsdb-ha', facts.file))
    const query = JSON.stringify([database, { op: 'select', table, where: [], columns: ['name'] }])
    const { stdout } = await unpacked(file, plain => execa('ovsdb-tool', ['query', plain, query], { timeout: QUERY_TIMEOUT_MS, stdin: 'ignore' }))
    const [answer] = Value.Parse(AnswerSchema, JSON.parse(stdout))
    for (const { name } of answer.rows) found.add(name)
  }
  return rows.filter(row => found.has(row))
}
