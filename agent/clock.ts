/** This node's monotonic milliseconds: the only clock that durations, leases and deadlines are counted by (S2). */
export function monotonicMs (): number {
  return performance.now()
}

/** Wall clock, for what people read. */
export function wallClock (): Date {
  return new Date()
}
