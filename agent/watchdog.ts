// The host's watchdog device: a timer in the kernel or in hardware that resets the host unless it is written to. It is
// fed only when every unit's loop went round, the one that renews leases: an agent that is frozen, or stuck, or dead
// without having said good-bye takes its host with it.
import { constants } from 'node:fs'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import path from 'node:path'

export interface WatchdogOptions {
  readonly device: string
  readonly everyMs: number
  /** One per unit: resolves when its loop took an event that was put in after this call. */
  readonly beats: ReadonlyArray<() => Promise<void>>
  readonly onProblem: (message: string | null) => void
  /** Where the kernel tells of its watchdogs. */
  readonly sysDirectory?: string
}

export interface Watchdog {
  start (): Promise<void>
  /** Says good-bye: the device stops counting (unless the kernel was built with nowayout). */
  stop (): Promise<void>
}

const FEED = 'k'
/** The magic close of the kernel's watchdog interface. */
const GOOD_BYE = 'V'

export function createWatchdog ({ device, everyMs, beats, onProblem, sysDirectory = '/sys/class/watchdog' }: WatchdogOptions): Watchdog {
  let handle: FileHandle | null = null
  let timer: NodeJS.Timeout | null = null
  let feeding: Promise<void> | null = null

  async function feed (): Promise<void> {
    await Promise.all(beats.map(beat => beat()))
    if (timer === null) return
    try {
      await handle?.write(FEED)
      onProblem(null)
    } catch (error) {
      onProblem(`the watchdog ${device} could not be fed: ${words(error)}; the host may be reset`)
    }
  }

  function feedNext (): void {
    if (feeding !== null) return // the round before has not ended: nothing is fed until it has
    feeding = feed().finally(() => { feeding = null })
  }

  return {
    async start () {
      const timeoutMs = await timeoutOf(device, sysDirectory)
      if (timeoutMs !== null && timeoutMs < everyMs * 2) {
        return onProblem(`the watchdog ${device} resets the host after ${timeoutMs} ms, and is fed every ${everyMs} ms: it is not used. Give it a longer timeout`)
      }
      try {
        handle = await open(device, constants.O_WRONLY)
      } catch (error) {
        return onProblem(`the watchdog ${device} could not be opened: ${words(error)}; a frozen agent is not reset`)
      }
      timer = setInterval(feedNext, everyMs)
      feedNext()
    },
    async stop () {
      if (timer !== null) clearInterval(timer)
      timer = null
      const held = handle
      handle = null
      if (held === null) return
      await held.write(GOOD_BYE)
      await held.close()
    }
  }
}

/** What the kernel says of the device's time; null when it says nothing (a device of another name, no such class). */
async function timeoutOf (device: string, sysDirectory: string): Promise<number | null> {
  const name = path.basename(device) === 'watchdog' ? 'watchdog0' : path.basename(device)
  try {
    const seconds = Number((await readFile(`${sysDirectory}/${name}/timeout`, 'utf8')).trim())
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null
  } catch {
    return null // the kernel need not be built to tell
  }
}

function words (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
