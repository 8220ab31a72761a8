import type { Position } from '../../protocol/position.ts'
import { isCopyOf, whyIncluded } from '../../protocol/rescue-proof.ts'
import type { Row } from './rows.ts'

interface Copied {
  readonly node: string
  readonly rows: () => Row
  readonly position: () => Position | null
  readonly holdsMarker: (marker: string) => boolean
}

/** As agent/ovsdb/keep-own-data.ts: always kept, and no longer than the copy takes when the source has all of it. */
export interface RescueModel {
  readonly rescues: readonly Row[]
  keep (own: { readonly rows: Row, readonly position: Position | null, readonly complete: boolean }, from: Copied): void
  /** The copy is whole, as far as this position: the guard goes when the source was still the one that was asked. */
  copied (position: Position | null): void
  /** Whoever waited for the end of the copy waits no more: the guard stays. */
  calledOff (): void
  /** The marker that was written last; what is written or copied later is not behind it. */
  marked (marker: string | null): void
  /** What the one before it knew is gone. */
  agentStarted (): void
}

export function createRescueModel (node: string): RescueModel {
  const rescues: Row[] = []
  let guard: { readonly rows: Row, readonly seen: Position | null } | null = null
  let handover: string | null = null

  return {
    rescues,
    keep ({ rows, position, complete }, from) {
      rescues.push(rows)
      const seen = from.position()
      const included = whyIncluded({ node, position, complete }, { node: from.node, position: seen, hasOurMarker: handover !== null && from.holdsMarker(handover) }) !== null
      guard = included || from.rows() === rows ? { rows, seen } : null
    },
    copied (position) {
      const place = guard === null ? -1 : rescues.indexOf(guard.rows)
      if (guard !== null && place >= 0 && isCopyOf(guard.seen, position)) rescues.splice(place, 1)
      guard = null
    },
    calledOff () { guard = null },
    marked (marker) { handover = marker },
    agentStarted () {
      guard = null
      handover = null
    }
  }
}
