import { setTimeout as delay } from 'node:timers/promises'

/** What a controller waits before it takes a leadership that is free, for each cluster that it leads already: others come first. */
const STEP_MS = 25
const STEPS_MAX = 8

/** Spreads the clusters over the controllers without their having to agree on anything. */
export interface FairShare {
  leads (cluster: string, leading: boolean): void
  /** One taking at a time, later the more this controller leads. */
  inTurn <T>(take: () => Promise<T>): Promise<T>
}

export function createFairShare (): FairShare {
  const led = new Set<string>()
  let last: Promise<unknown> = Promise.resolve()
  return {
    leads (cluster, leading) {
      if (leading) led.add(cluster)
      else led.delete(cluster)
    },
    async inTurn (take) {
      const turn = last.then(async () => {
        if (led.size > 0) await delay(Math.min(led.size, STEPS_MAX) * STEP_MS)
        return await take()
      })
      last = turn.catch(() => { /* whoever asked is told; the next one's turn comes all the same */ })
      return await turn
    }
  }
}
