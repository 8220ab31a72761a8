// systemd's notify protocol (sd_notify(3)), spoken through systemd-notify(1): Node.js has no datagram sockets of the Unix kind, and
// wherever NOTIFY_SOCKET is set by systemd that program is there too (ADR 31). It speaks in the name of its parent, which is this
// process, where the rights allow that, and else in its own (hence NotifyAccess=all in the units).
import { execa, type ExecaError } from 'execa'
import type { ServiceManager } from '../protocol/service-manager.ts'

export interface ServiceManagerOptions {
  /** NOTIFY_SOCKET: a path, or an abstract name that begins with @. Undefined: no service manager wants to hear anything. */
  readonly notifySocket: string | undefined
  /** WATCHDOG_USEC: silent for longer than this many microseconds, the daemon is killed. */
  readonly watchdogMicroseconds: string | undefined
  /** WATCHDOG_PID: for which process that is meant; for every one when undefined. */
  readonly watchdogPid: string | undefined
  /** Of this process. */
  readonly pid: number
  readonly onProblem: (message: string) => void
  /** `systemd-notify`, unless a test brings its own. */
  readonly program?: string
}

/** Told three times within the time that systemd waits: two late ones in a row are survived. */
const TOLD_PER_TIMEOUT = 3
/** The program waits by itself until systemd has read what it was told, at most 5 s. */
const NOTIFY_TIMEOUT_MS = 6_000
/** A daemon that stops must be back within its lease (ADR 4): it does not wait for who listens. */
const STOPPING_TIMEOUT_MS = 1_000
const PROBLEM_CHARACTERS_MAX = 300

const NOBODY: ServiceManager = { ready: async () => {}, stopping: async () => {} }

export function createServiceManager (options: ServiceManagerOptions): ServiceManager {
  const { notifySocket, onProblem, program = 'systemd-notify' } = options
  if (notifySocket === undefined || notifySocket === '') return NOBODY
  const everyMs = aliveEveryMs(options)
  let timer: NodeJS.Timeout | null = null
  let telling: Promise<void> | null = null
  let failing = false

  async function notify (words: readonly string[], timeoutMs = NOTIFY_TIMEOUT_MS): Promise<void> {
    try {
      await execa(program, words, { timeout: timeoutMs, stdin: 'ignore', maxBuffer: 64 * 1024, env: { NOTIFY_SOCKET: notifySocket } })
      failing = false
    } catch (error) {
      if (!failing) onProblem(`systemd was not told ${words.join(' ')}: ${wordsOf(error)}`)
      failing = true
    }
  }

  async function tellAlive (beats: ReadonlyArray<() => Promise<void>>): Promise<void> {
    try {
      await Promise.all(beats.map(beat => beat()))
    } catch (error) {
      return onProblem(`systemd is not told that this process is well: ${wordsOf(error)}`)
    }
    if (timer !== null) await notify(['WATCHDOG=1'])
  }

  return {
    async ready (beats) {
      await notify(['--ready', '--status=It serves requests.'])
      if (everyMs === null) return
      timer = setInterval(() => {
        telling ??= tellAlive(beats).finally(() => { telling = null }) // the round before has not ended: nothing is told until it has
      }, everyMs)
    },
    async stopping () {
      if (timer !== null) clearInterval(timer)
      timer = null
      await notify(['STOPPING=1', '--status=It is stopping; the databases go on.'], STOPPING_TIMEOUT_MS)
    }
  }
}

/** How often a sign of life is due, in milliseconds; null when none is wanted of this process. */
export function aliveEveryMs ({ watchdogMicroseconds, watchdogPid, pid }: Pick<ServiceManagerOptions, 'watchdogMicroseconds' | 'watchdogPid' | 'pid'>): number | null {
  if (watchdogMicroseconds === undefined || !/^[1-9]\d{0,15}$/.test(watchdogMicroseconds)) return null
  if (watchdogPid !== undefined && watchdogPid !== String(pid)) return null
  return Math.max(1, Math.floor(Number(watchdogMicroseconds) / 1_000 / TOLD_PER_TIMEOUT))
}

function wordsOf (error: unknown): string {
  const { stderr, shortMessage, message } = error as Partial<ExecaError> & Error
  return (typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : shortMessage ?? message).slice(0, PROBLEM_CHARACTERS_MAX)
}
