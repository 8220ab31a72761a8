import type { World } from './world.ts'

/** The monotonic clock of one host: it runs at a rate of its own, and stands while the whole machine is suspended. */
export interface NodeClock {
  readonly rate: number
  nowMs (): number
  suspend (): void
  resume (): void
}

export function createNodeClock (world: World, rate: number, offsetMs: number): NodeClock {
  let stoodMs = 0
  let suspendedAtMs: number | null = null
  return {
    rate,
    nowMs: () => offsetMs + ((suspendedAtMs ?? world.now()) - stoodMs) * rate,
    suspend () { suspendedAtMs ??= world.now() },
    resume () {
      if (suspendedAtMs !== null) stoodMs += world.now() - suspendedAtMs
      suspendedAtMs = null
    }
  }
}
