import type { Tone, Paint } from '../../cli/render/style.ts'
import { PAGE_COLUMNS, paragraph } from '../../cli/render/wrap.ts'

export interface ScreenOptions {
  readonly write: (text: string) => void
  readonly paint: Paint
  /** The last line may be drawn again in place; where it may not, it is printed once a second. */
  readonly terminal: boolean
  readonly nowMs: () => number
}

export interface Screen {
  /** A paragraph with the time since the start in front of it. */
  readonly say: (text: string, tone?: Tone) => void
  /** Lines that were laid out by somebody else, or an empty one. */
  readonly page: (lines: readonly string[]) => void
  /** The line that changes: what is happening now. */
  readonly live: (text: string) => void
}

const STAMP_COLUMNS = 10
const PLAIN_EVERY_MS = 1_000
const CLEAR_LINE = '\r\u001b[2K'

export function createScreen ({ write, paint, terminal, nowMs }: ScreenOptions): Screen {
  const startMs = nowMs()
  let drawn = false
  let printedMs = startMs

  const stamp = () => `${((nowMs() - startMs) / 1_000).toFixed(1).padStart(6)} s  `
  /** The live line gives way to what stays. */
  const clear = () => {
    if (drawn) write(CLEAR_LINE)
    drawn = false
  }
  return {
    say: (text, tone) => {
      clear()
      const indent = ' '.repeat(STAMP_COLUMNS)
      for (const [index, line] of paragraph(text, indent).entries()) {
        const words = line.slice(STAMP_COLUMNS)
        write(`${index === 0 ? paint('quiet', stamp()) : indent}${tone === undefined ? words : paint(tone, words)}\n`)
      }
    },
    page: lines => {
      clear()
      for (const line of lines) write(`${line}\n`)
    },
    live: text => {
      const line = stamp() + text.slice(0, PAGE_COLUMNS - STAMP_COLUMNS)
      if (terminal) {
        write(`${CLEAR_LINE}${line}`)
        drawn = true
      } else if (nowMs() - printedMs >= PLAIN_EVERY_MS) {
        write(`${line}\n`)
        printedMs = nowMs()
      }
    }
  }
}

export const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
