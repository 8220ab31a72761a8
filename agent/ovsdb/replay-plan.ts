// One transaction that brings rows of a rescue back into the active, and refuses by itself when the active is not what was
// looked at. Rows keep their uuids, so whatever refers to them finds them again. Pure.
import type { PlannedRow, RowChoice, RowConflict } from '../../protocol/rescue-replay.ts'
import type { Operation } from './client.ts'
import type { Content, Row } from './content.ts'
import { chooseRows } from './replay-choice.ts'
import { conflictsOf } from './replay-conflicts.ts'
import { operationsOf } from './replay-operations.ts'
import { rowIn, withWhatTheyNeed } from './replay-closure.ts'
import { labelOf } from './references.ts'

export const REPLAY_ROWS_MAX = 5_000

/** A row that is to be changed, with what it is now and what it becomes. */
export interface RowChange extends Omit<PlannedRow, 'label'> {
  /** Columns to write; empty for `delete`. Of `refer` the one reference, as a set or map of one. */
  readonly values: Row
  /** What the active had in the columns that must not have changed since. */
  readonly expected: Row
}

export interface Plan {
  readonly rows: readonly PlannedRow[]
  readonly conflicts: readonly RowConflict[]
  readonly notes: readonly string[]
  readonly operations: readonly Operation[]
  readonly rowOfOperation: readonly number[]
}

/** The two databases that a plan is about. */
export interface Sides {
  readonly rescue: Content
  readonly active: Content
}

export function planReplay (sides: Sides, choice: RowChoice): Plan {
  const chosen = chooseRows(sides, choice)
  const { changes, conflicts: unmet, notes } = withWhatTheyNeed(sides, chosen.changes)
  const tooMany = changes.length > REPLAY_ROWS_MAX ? [{ table: '', uuid: '', reason: `${changes.length} rows are more than one transaction takes (${REPLAY_ROWS_MAX}): choose by table or row` }] : []
  const conflicts = [...chosen.conflicts, ...unmet, ...tooMany, ...conflictsOf(sides, changes)]
  const named = <Item extends { readonly table: string, readonly uuid: string }>(item: Item): Item & { readonly label: string | null } => ({ ...item, label: labelIn(sides, item.table, item.uuid) })
  const { operations, rowOfOperation } = conflicts.length > 0 || changes.length === 0 ? { operations: [], rowOfOperation: [] } : operationsOf(changes)
  return {
    rows: changes.slice(0, REPLAY_ROWS_MAX).map(({ table, uuid, action, because }) => named({ table, uuid, action, because })),
    conflicts: conflicts.map(named),
    notes,
    operations,
    rowOfOperation
  }
}

function labelIn ({ rescue, active }: Sides, table: string, uuid: string): string | null {
  return labelOf(rescue.schema.tables[table], rowIn(rescue, table, uuid) ?? rowIn(active, table, uuid) ?? {})
}
