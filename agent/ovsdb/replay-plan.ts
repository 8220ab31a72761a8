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
  readonly skipped: readonly RowConflict[]
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
  const { closure, conflicts, skipped } = settle(sides, chosen, choice.skipConflicts === true)
  const { changes, notes } = closure
  const named = <Item extends { readonly table: string, readonly uuid: string }>(item: Item): Item & { readonly label: string | null } => ({ ...item, label: labelIn(sides, item.table, item.uuid) })
  const { operations, rowOfOperation } = conflicts.length > 0 || changes.length === 0 ? { operations: [], rowOfOperation: [] } : operationsOf(changes)
  return {
    rows: changes.slice(0, REPLAY_ROWS_MAX).map(({ table, uuid, action, because }) => named({ table, uuid, action, because })),
    conflicts: conflicts.map(named),
    skipped: skipped.map(named),
    notes,
    operations,
    rowOfOperation
  }
}

type Unnamed = Omit<RowConflict, 'label'>

/** With `skip`, rows that conflict and whatever cannot be without them are left out, until nothing conflicts any more: each round leaves out at least one. */
function settle (sides: Sides, chosen: ReturnType<typeof chooseRows>, skip: boolean) {
  const skipped: Unnamed[] = []
  for (let left = chosen.changes; ;) {
    const closure = withWhatTheyNeed(sides, left)
    const found = [...closure.conflicts, ...conflictsOf(sides, closure.changes)]
    const out = new Set(found.flatMap(({ uuid }) => [...alsoOut(uuid, closure.neededBy)]))
    const next = left.filter(({ uuid }) => !out.has(uuid))
    if (!skip || found.length === 0 || next.length === left.length) {
      const tooMany = closure.changes.length > REPLAY_ROWS_MAX ? [{ table: '', uuid: '', reason: `${closure.changes.length} rows are more than one transaction takes (${REPLAY_ROWS_MAX}): choose by table or row` }] : []
      return { closure, conflicts: [...chosen.conflicts, ...tooMany, ...found], skipped }
    }
    skipped.push(...found)
    left = next
  }
}

/** The row, and all that need it. */
function alsoOut (uuid: string, neededBy: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const out = new Set([uuid])
  for (const one of out) for (const other of neededBy.get(one) ?? []) out.add(other) // grows while it is gone through
  return out
}

function labelIn ({ rescue, active }: Sides, table: string, uuid: string): string | null {
  return labelOf(rescue.schema.tables[table], rowIn(rescue, table, uuid) ?? rowIn(active, table, uuid) ?? {})
}
