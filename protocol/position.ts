import { Type, type Static } from 'typebox'

/** How far a server's data is: stored as a row of the heartbeat database, inside the replicated data itself (S6). */
export const PositionSchema = Type.Object({
  term: Type.Integer({ minimum: 0 }),
  sequence: Type.Integer({ minimum: 0 }),
  /** The node that wrote the row while it was active. */
  writer: Type.String()
}, { additionalProperties: false })
export type Position = Static<typeof PositionSchema>

/** Negative when `a` is older than `b`; no position at all is older than any. */
export function comparePositions (a: Position | null, b: Position | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1)
  return a.term - b.term || a.sequence - b.sequence
}

/** A node is only as far as its oldest server. */
export function oldestPosition (positions: readonly (Position | null)[]): Position | null {
  return positions.reduce((oldest, position) => comparePositions(position, oldest) < 0 ? position : oldest, positions[0] ?? null)
}
