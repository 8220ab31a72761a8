// One transaction that makes the active's database what a snapshot of it holds. Pure.
import { RESTORE_BYTES_MAX, type RestorePlan } from '../../protocol/restore.ts'
import type { Content, Row } from './content.ts'
import { countByTable, differences } from './content-diff.ts'
import { withoutMarker } from './marker-value.ts'
import { changeOf } from './replay-choice.ts'
import { operationOf } from './replay-operations.ts'
import type { Sides } from './replay-plan.ts'
import { schemaDifferences } from '../../protocol/database-schema.ts'

/**
 * Rows keep their uuids. Without preconditions: whatever the active makes of these rows meanwhile is what was to be
 * overwritten; rows that it adds meanwhile stay. A snapshot of another schema is refused, since rows of tables that it
 * does not have would vanish.
 */
export function planRestore ({ rescue: snapshot, active }: Sides, withOperations: boolean): RestorePlan {
  const tables = countByTable(differences(snapshot, active)).map(({ table, missingRows, changedRows, extraRows }) => ({ table, comingRows: missingRows, changedRows, vanishingRows: extraRows }))
  const plan = (problem: string | null, operations: RestorePlan['operations'] = []): RestorePlan => ({ problem, tables: [...tables], operations })
  const [otherSchema] = [...schemaDifferences(active.schema, snapshot.schema), ...schemaDifferences(snapshot.schema, active.schema)]
  if (otherSchema !== undefined) return plan(`the snapshot is of another schema (${versionsOf(snapshot, active)}): ${otherSchema.replace('the active', 'one').replace('the backup', 'the other')}`)
  const operations = [...differences(snapshot, active)].map(found => operationOf(unmarked(changeOf(found, active))))
  const bytes = Buffer.byteLength(JSON.stringify(operations))
  if (bytes > RESTORE_BYTES_MAX) return plan(`what differs is ${bytes} bytes, more than one transaction takes here (${RESTORE_BYTES_MAX}): restore by hand with ovsdb-client restore, as the guide says`)
  return plan(null, withOperations && operations.length > 0 ? [...operations, { op: 'commit', durable: true }] : [])
}

function versionsOf (snapshot: Content, active: Content): string {
  return `${snapshot.schema.version ?? 'unknown'}, and the active's is ${active.schema.version ?? 'unknown'}`
}

/** A marker of an earlier time must not come back: whoever sees one concludes from it. */
function unmarked<Change extends { readonly values: Row }> (change: Change): Change {
  return { ...change, values: Object.fromEntries(Object.entries(change.values).map(([column, value]) => [column, withoutMarker(value)])) }
}
