import { setTimeout as delay } from 'node:timers/promises'
import { TestbedError } from './command.ts'

export interface PollOptions {
  readonly deadlineMs: number
  readonly everyMs?: number
  /** Completes the sentence "gave up waiting for …". */
  readonly what: string
}

/** Asks until the answer is not null, and resolves to it. */
export async function poll<T> (ask: () => Promise<T | null>, { deadlineMs, everyMs = 20, what }: PollOptions): Promise<T> {
  const startMs = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() - startMs >= deadlineMs) throw new TestbedError(`gave up after ${deadlineMs} ms waiting for ${what}`)
    await delay(everyMs)
  }
}
