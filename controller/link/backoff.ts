import { setTimeout as wait } from 'node:timers/promises'

export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
}

/**
 * Pauses between attempts: doubled from `firstMs` to `maxMs`, and of that a random half to whole, so that many
 * controllers do not dial a returning agent in step.
 */
export function createBackoff ({ firstMs, maxMs }: BackoffOptions, random: () => number = Math.random) {
  let nextMs = firstMs

  function takeMs (): number {
    const pauseMs = nextMs * (0.5 + random() / 2)
    nextMs = Math.min(nextMs * 2, maxMs)
    return pauseMs
  }

  return {
    takeMs,
    reset: () => { nextMs = firstMs },
    /** Resolves after the next pause, or at once when `signal` ends. */
    async pause (signal: AbortSignal): Promise<void> {
      try {
        await wait(takeMs(), undefined, { signal })
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }
}
