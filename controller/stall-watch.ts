import { monotonicMs } from './clock.ts'

/** A timer that comes this much late means that this process did not run: what it believes about time is worth nothing. */
const STALL_MS = 500
const LOOK_EVERY_MS = 200

export interface StallWatch {
  /** This process did not run for so long: whatever it knows is that old. */
  readonly onStall: (lateMs: number) => void
  /** Each look that came in time. */
  readonly onLook: () => void
}

/** Tells of a stall of this very process (event loop, SIGSTOP, a suspended host) by a timer that comes late. Returns how to stop it. */
export function watchForStalls ({ onStall, onLook }: StallWatch): () => void {
  let expectedMs = monotonicMs() + LOOK_EVERY_MS
  const timer = setInterval(() => {
    const lateMs = monotonicMs() - expectedMs
    expectedMs = monotonicMs() + LOOK_EVERY_MS
    if (lateMs < STALL_MS) onLook()
    else onStall(Math.round(lateMs))
  }, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}
