// The port between the agent and one companion: a service that runs only where the active is (adapters: agent/companion/).
import type { Look } from './core/companion-state.ts'

/** Each method is bounded by its own deadline and settles soon after `signal` is aborted. */
export interface Companion {
  readonly name: string
  /** Rejects only when it was aborted: what cannot be asked is `ill` and says why. */
  look (signal: AbortSignal): Promise<Look>
  /** Resolves when it runs and its check, if there is one, succeeds; what was begun is ended when that does not come. Rejects with a CompanionError. */
  start (signal: AbortSignal): Promise<void>
  /** Ends it in order, or kills it; resolves when it is gone. Rejects with a CompanionError. */
  stop (): Promise<void>
  /** Calls back when its end was noticed. Not every end is: it is looked at as well. */
  onEnded (listener: () => void): void
}
