import type { Report } from '../protocol/report.ts'
import type { Rescues } from './ovsdb/rescue.ts'

const COUNTED_EVERY_MS = 5_000
const PRUNED_EVERY_MS = 3_600_000

export interface RescueWatch {
  readonly usage: () => Report['rescues']
  start (): Promise<void>
  stop (): void
}

/** Counts the rescues for the reports, and removes those that were acknowledged long enough ago. */
export function createRescueWatch (rescues: Rescues, onProblem: (code: string, message: string | null) => void): RescueWatch {
  const timers: NodeJS.Timeout[] = []
  let usage: Report['rescues'] = { files: 0, bytes: 0, unacknowledgedFiles: 0 }

  async function look (prune: boolean): Promise<void> {
    try {
      if (prune) await rescues.prune()
      usage = await rescues.usage()
      onProblem('rescuesUnreadable', null)
    } catch (error) {
      onProblem('rescuesUnreadable', `the rescue directory cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  return {
    usage: () => usage,
    async start () {
      await look(true)
      for (const [prune, everyMs] of [[false, COUNTED_EVERY_MS], [true, PRUNED_EVERY_MS]] as const) {
        timers.push(setInterval(() => { look(prune).catch((error: unknown) => onProblem('rescuesUnreadable', String(error))) }, everyMs))
      }
    },
    stop () {
      for (const timer of timers.splice(0)) clearInterval(timer)
    }
  }
}
