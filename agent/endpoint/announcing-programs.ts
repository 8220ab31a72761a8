import { CommandError, runCommand } from '../command.ts'
import { monotonicMs } from '../clock.ts'

const LOOK_EVERY_MS = 30_000
const LOOK_DEADLINE_MS = 2_000

export interface AnnouncingProgramsOptions {
  readonly programs: readonly string[]
  /** What to run instead of the real command; asks a program for its version. */
  readonly run?: (program: string) => Promise<unknown>
  /** Called when what is missing changes: in words, or null when all are there. */
  readonly onProblem: (problem: string | null) => void
}

/**
 * Whether the programs that announce addresses are on this host, in one place: who announces, who asks for duplicates and
 * the look that is taken beforehand all meet the same cause, and it is told once, in the same words whoever met it first.
 */
export interface AnnouncingPrograms {
  /** Looks for all of them, now and then; known before they are needed, so that another node is preferred. */
  look (): Promise<void>
  /** One of them was run, and was there. */
  works (program: string): void
  /** Whether the error says that one of them is missing; it is then told here, and by nobody else. */
  tells (error: unknown): boolean
}

export function createAnnouncingPrograms ({ programs, onProblem, run = askVersion }: AnnouncingProgramsOptions): AnnouncingPrograms {
  const missing = new Set<string>()
  let dueMs = 0

  function note (program: string, isMissing: boolean): void {
    if (missing.has(program) === isMissing) return
    if (isMissing) missing.add(program)
    else missing.delete(program)
    onProblem(missing.size === 0 ? null : words(programs.filter(one => missing.has(one))))
  }

  function tells (error: unknown): boolean {
    if (!(error instanceof CommandError) || error.why !== 'missing' || !programs.includes(error.program)) return false
    note(error.program, true)
    return true
  }

  return {
    async look () {
      if (monotonicMs() < dueMs) return
      dueMs = monotonicMs() + LOOK_EVERY_MS
      for (const program of programs) {
        // one that is there and says nothing useful will be judged by its work
        if (!await run(program).then(() => false, tells)) note(program, false)
      }
    },
    works: program => note(program, false),
    tells
  }
}

function askVersion (program: string): Promise<unknown> {
  return runCommand(program, ['-V'], { timeoutMs: LOOK_DEADLINE_MS })
}

function words (missing: readonly string[]): string {
  return `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: when this node takes the addresses, its neighbours are not told where they are`
}
