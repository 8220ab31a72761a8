/** This controller's monotonic milliseconds: the only clock that decisions and deadlines are counted by. */
export function monotonicMs (): number {
  return performance.now()
}

/** Wall clock, for what people read. */
export function wallClock (): Date {
  return new Date()
}

/** The wall-clock time of a moment on the monotonic clock, as ISO 8601 in UTC. */
export function wallOf (atMs: number): string {
  return new Date(Date.now() - performance.now() + atMs).toISOString()
}

/** A wall-clock time to come, or gone by, on this controller's monotonic clock. */
export function monotonicAt (at: string): number {
  return performance.now() + Date.parse(at) - Date.now()
}

/** A wall-clock time, as somebody else wrote it, on this controller's monotonic clock; never in the future, whatever the wall clocks say. */
export function monotonicOf (at: string): number {
  const agoMs = Date.now() - Date.parse(at)
  return performance.now() - (agoMs > 0 ? agoMs : 0)
}
