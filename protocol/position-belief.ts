// How far a backup's rows are known to be there (S6). The position travels in a database of our own, and from Open vSwitch 3.3
// on each database has a replication session of its own: after a break the heartbeats may be back seconds before the users'
// rows, while the server goes on to say `replicating` of the database that has not dialled yet. So a heartbeat counts only when
// it came while every database was connected and known to have arrived.
import { comparePositions, type Position } from './position.ts'

/** What one look at a backup found. */
export interface PositionSight {
  readonly role: 'active' | 'backup' | 'unknown'
  /**
   * Names the connections to the source when there is one for each session and every database is said to replicate; null
   * otherwise. Must be the same before the server was asked and after it answered.
   */
  readonly connections: string | null
  /** The newest heartbeat that is here. */
  readonly position: Position | null
}

/** Null: whatever heartbeat is found is believed. */
export type PositionBelief = {
  readonly connections: string | null
  /** Every database is known to be there as far as `position`, and still connected. */
  readonly proven: boolean
  /** The users' rows are there at least as far as this. */
  readonly position: Position | null
} | null

/**
 * What is known after one more look. A status says nothing about a connection that came up in the same moment, and everything about
 * one that was there a look before: so the same connections twice are a proof. Without one the position stays where it was,
 * but for the one heartbeat that may have come between two looks before the source ended.
 */
export function believePosition (before: PositionBelief, { role, connections, position }: PositionSight): PositionBelief {
  if (role === 'active' || (before === null && connections === null && position === null)) return null
  if (before === null) return { connections, proven: false, position }
  if (connections !== null && connections === before.connections) return { connections, proven: true, position }
  const mayHaveCome = before.proven && isNext(before.position, position)
  return { connections, proven: false, position: mayHaveCome || comparePositions(position, before.position) < 0 ? position : before.position }
}

/** Newer heartbeats are here, and nobody knows whether the rows that were written before them are. */
export function isDoubtful (belief: PositionBelief, position: Position | null): boolean {
  return belief !== null && comparePositions(position, belief.position) > 0
}

function isNext (a: Position | null, b: Position | null): boolean {
  return a !== null && b !== null && a.term === b.term && b.sequence === a.sequence + 1
}
