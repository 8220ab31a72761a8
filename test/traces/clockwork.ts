// Virtual time and the transcript: what is due happens in the order of its moment, and of being asked for; every story
// that is told twice is told the same.

export interface Clockwork {
  readonly nowMs: () => number
  after (delayMs: number, what: () => void): void
  /** Lets everything happen that is due until then. */
  runUntil (atMs: number): void
  /** One line of the transcript: who, and what or why. Nothing is written before the story begins. */
  say (who: string, text: string): void
  /** From here on lines are written, and their time counts from now. */
  beginStory (): void
  readonly lines: () => readonly string[]
}

export function createClockwork (): Clockwork {
  const due: { readonly atMs: number, readonly number: number, readonly what: () => void }[] = []
  const lines: string[] = []
  let nowMs = 0
  let number = 0
  let beganAtMs: number | null = null

  return {
    nowMs: () => nowMs,
    after (delayMs, what) {
      due.push({ atMs: nowMs + delayMs, number: number++, what })
      due.sort((a, b) => a.atMs - b.atMs || a.number - b.number)
    },
    runUntil (atMs) {
      for (let next = due[0]; next !== undefined && next.atMs <= atMs; next = due[0]) {
        due.shift()
        nowMs = next.atMs
        next.what()
      }
      nowMs = atMs
    },
    say (who, text) {
      if (beganAtMs !== null) lines.push(`${String(Math.round(nowMs - beganAtMs)).padStart(6)} ms  ${who.padEnd(10)}  ${text}`)
    },
    beginStory: () => { beganAtMs = nowMs },
    lines: () => lines
  }
}
