// When a node's data certainly has nothing of its own, so that it need not be compared, and when the copy that replaced it
// certainly has all of it. Pure, and shared with the simulator, which lives through what may come in between (S7).
import type { Position } from './position.ts'

/** What a node holds before it follows. */
export interface OwnCopy {
  readonly node: string
  readonly position: Position | null
  readonly complete: boolean
}

/** What the source said when it was asked. */
export interface SourceCopy {
  readonly node: string
  readonly position: Position | null
  /** It has the marker that was written here when the gate was shut for a switchover; the gate was not opened, and nothing was copied, since. */
  readonly hasOurMarker: boolean
}

/** Why the source has all that is here; null when that is not known. */
export function whyIncluded ({ node, position, complete }: OwnCopy, source: SourceCopy): string | null {
  if (source.hasOurMarker) return 'the source has everything up to the marker that was written here last'
  if (!complete || position === null || source.position === null) return null
  const { term, writer, sequence } = position
  // a copy of what the source wrote in its own reign, which goes on
  const sameReign = writer === source.node && writer !== node && source.position.writer === writer && source.position.term === term && source.position.sequence >= sequence
  return sameReign ? `it is a copy of what ${writer} wrote in term ${term}, which goes on` : null
}

/**
 * Whether a complete copy came from the source as it was when it was asked, or later in the same reign. A source that lost
 * its file in between, and serves anew, does so in a newer term: then what was kept as a guard is all that is left.
 */
export function isCopyOf (seen: Position | null, copied: Position | null): boolean {
  return seen !== null && copied !== null && copied.term === seen.term && copied.writer === seen.writer && copied.sequence >= seen.sequence
}
