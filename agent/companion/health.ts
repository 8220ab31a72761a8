// Whether a companion that runs is well, and the wait until it is.
import { setTimeout as delay } from 'node:timers/promises'
import { monotonicMs } from '../clock.ts'
import { runCommand } from '../command.ts'
import type { Look } from '../core/companion-state.ts'

const WORDS_MAX = 300
/** Between two looks while it starts. */
const LOOK_AGAIN_MS = 50
/** Without a check, one that runs for so long has started: a wrong argument or a missing file ends it sooner. */
const SURVIVES_MS = 250

/** Null when it is well, else why not. */
export async function whyIll (check: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string | null> {
  const [program, ...args] = check
  if (program === undefined) return null
  try {
    const { exitCode, stdout, stderr } = await runCommand(program, args, { timeoutMs, signal })
    if (exitCode === 0) return null
    const said = (stderr.trim() || stdout.trim()).slice(0, WORDS_MAX)
    return `${program} ended with ${exitCode}${said === '' ? '' : `: ${said}`}`
  } catch (error) {
    signal.throwIfAborted()
    return (error as Error).message
  }
}

/**
 * Looks again and again until it runs and is well. Resolves to null, or to why it is not: it ended, or it was not well
 * within `timeoutMs`.
 */
export async function awaitHealth (look: (signal: AbortSignal) => Promise<Look>, hasCheck: boolean, timeoutMs: number, signal: AbortSignal): Promise<string | null> {
  const startMs = monotonicMs()
  const survivesMs = Math.min(SURVIVES_MS, timeoutMs)
  for (;;) {
    const seen = await look(signal)
    const waitedMs = monotonicMs() - startMs
    if (seen.state === 'stopped') return 'it ended at once'
    if (seen.state === 'running' && (hasCheck || waitedMs >= survivesMs)) return null
    if (waitedMs >= timeoutMs) return `it is not well after ${timeoutMs} ms: ${seen.state === 'ill' ? seen.why : 'it only just runs'}`
    await delay(LOOK_AGAIN_MS, undefined, { signal })
  }
}
