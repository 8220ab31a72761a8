import type { Position } from '../../protocol/position.ts'

/**
 * The content of a user database as the last of its transactions; each knows the one before it. A copy is a reference,
 * and "everything acknowledged is there" is "that transaction is an ancestor".
 */
export interface Row {
  readonly parent: Row | null
  readonly depth: number
  readonly atMs: number
  readonly marker: string | null
}

export const NO_ROWS: Row = { parent: null, depth: 0, atMs: 0, marker: null }

export function append (last: Row, atMs: number, marker: string | null): Row {
  return { parent: last, depth: last.depth + 1, atMs, marker }
}

export function holds (content: Row, row: Row): boolean {
  let at: Row | null = content
  while (at !== null && at.depth > row.depth) at = at.parent
  return at === row
}

/** Where the two histories part. */
export function sharedWith (a: Row, b: Row): Row {
  let left: Row | null = a
  let right: Row | null = b
  while (left !== right && left !== null && right !== null) {
    if (left.depth >= right.depth) left = left.parent
    else right = right.parent
  }
  return left ?? NO_ROWS
}

export function hasMarker (content: Row, marker: string): boolean {
  let at: Row | null = content
  // a marker is never far from the end: nobody writes between it and the promotion
  for (let steps = 0; at !== null && steps < 200; steps++) {
    if (at.marker === marker) return true
    at = at.parent
  }
  return false
}

export interface Copy {
  readonly rows: Row
  readonly position: Position | null
}
