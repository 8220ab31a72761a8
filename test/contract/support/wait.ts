import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/** Looks until the probe gives something other than undefined or false; fails with `what` at the deadline. */
export async function until<T> (what: string, deadlineMs: number, probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await pause(LOOK_EVERY_MS)
  }
}
