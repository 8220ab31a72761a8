import type { TimingConfig } from '../../protocol/cluster.ts'
import type { Health } from '../../protocol/report.ts'
import { compareActivity, judgeSilence, readActivity, type ActivitySample } from './activity.ts'
import type { Database } from './database.ts'
import { ServerClosedError, ServerGarbledError, ServerRefusedError, ServerSocketMissingError } from './errors.ts'
import { isGone, waitUntilGone, type ProcessHandle } from '../process-handle.ts'
import type { Identity } from './process-identity.ts'
import type { ServerProcess } from './supervisor.ts'

export interface Look {
  readonly health: Health
  readonly reason: string | null
  /** Busy for longer than `busyAfterMs`. */
  readonly overdue: boolean
  readonly process: ProcessHandle | null
}

/** Asks one server for a sign of life, and keeps what is known about its process. */
export interface ServerProbe {
  /** One look: an answer within `probeEveryMs`, or what the process does instead. Never rejects. */
  look (): Promise<Look>
  /** The process as last identified; null when unknown. */
  process (): ProcessHandle | null
  /** Finds out anew which process it is. */
  identify (): Promise<Identity>
  /** Whether this server's process has certainly ended. */
  isGone (): Promise<boolean>
  /** See OvsdbServer.onTrouble. */
  onTrouble (listener: () => void): void
}

export interface ServerProbeOptions {
  readonly timing: TimingConfig
  readonly process: ServerProcess
  readonly database: Database
}

export function createServerProbe ({ timing, process: run, database }: ServerProbeOptions): ServerProbe {
  const bell = createBell()
  const echo = createEcho(database, timing)
  const activity = createActivityWatch()
  let answeredAtMs = performance.now()
  // a new process gets its own time to answer, however long the one before was silent
  const known = createKnownProcess(run, () => { answeredAtMs = performance.now() })

  // each connection that ends is a loss of its own, whatever was told before
  database.onLost(bell.ringAgain)

  async function answered (): Promise<Look> {
    answeredAtMs = performance.now()
    bell.rearm()
    if (known.current() === null || await known.isGone()) await known.identify()
    await activity.look(known.current())
    return { health: 'up', reason: null, overdue: false, process: known.current() }
  }

  async function silent (): Promise<Look> {
    if (known.current() === null || await known.isGone()) await known.identify()
    const { stopped, idleMs } = await activity.look(known.current())
    const silentMs = performance.now() - answeredAtMs
    const { hungAfterMs, busyAfterMs } = timing
    return { ...judgeSilence({ silentMs, idleMs: Math.min(idleMs, silentMs), stopped, hungAfterMs, busyAfterMs }), process: known.current() }
  }

  async function failed (error: unknown): Promise<Look> {
    const refused = isNobodyThere(error)
    const before = known.current()
    // one that was killed needs some milliseconds to leave; and no search through /proc while a failover is under way
    if (before !== null && await waitUntilGone(before, refused ? 0 : LEAVING_MS)) return { health: 'down', reason: `process ${before.pid} ended`, overdue: false, process: null }
    const found = await known.identify()
    if (!found.found) return { health: refused ? 'down' : 'unknown', reason: `${refused ? '' : `${(error as Error).message}; `}${found.reason}`, overdue: false, process: null }
    if (refused || error instanceof ServerGarbledError) return { health: 'unknown', reason: `process ${found.process.pid} runs, but ${(error as Error).message}`, overdue: false, process: found.process }
    return await silent()
  }

  /** A connection that ended says nothing about the next one: a server may drop its sessions and live. */
  async function ask (): Promise<EchoAnswer> {
    const answer = await echo.ask()
    return answer.kind === 'failed' && answer.error instanceof ServerClosedError ? await echo.ask() : answer
  }

  return {
    async look () {
      try {
        const answer = await ask()
        const look = answer.kind === 'answered' ? await answered() : answer.kind === 'silent' ? await silent() : await failed(answer.error)
        if (look.health === 'hung' || look.health === 'down') bell.ring()
        return look
      } catch (error) {
        return { health: 'unknown', reason: (error as Error).message, overdue: false, process: known.current() }
      }
    },
    process: known.current,
    identify: known.identify,
    async isGone () {
      if (known.current() !== null && !(await known.isGone())) return false
      // nobody but us starts it in this mode
      if (known.current() !== null && run.mode === 'process') return true
      if ((await known.identify()).found) return false
      return await database.echo(timing.commandTimeoutMs).then(() => false, isNobodyThere)
    },
    onTrouble: bell.onRing
  }
}

/** How long a process whose connection ended may take to leave before it is taken for alive. */
const LEAVING_MS = 50

function createKnownProcess (run: ServerProcess, onNew: () => void) {
  let process: ProcessHandle | null = null
  return {
    current: () => process,
    isGone: async (): Promise<boolean> => process === null || await isGone(process),
    async identify (): Promise<Identity> {
      const found = await run.identify()
      const next = found.found ? found.process : null
      if (next !== null && (next.pid !== process?.pid || next.startTicks !== process.startTicks)) onNew()
      process = next
      return found
    }
  }
}

/** Rings once, until it is armed again by a good answer. */
function createBell () {
  const listeners: (() => void)[] = []
  let rung = false

  function ringAgain (): void {
    rung = true
    for (const listener of listeners) listener()
  }

  return {
    ring (): void {
      if (!rung) ringAgain()
    },
    ringAgain,
    rearm (): void { rung = false },
    onRing (listener: () => void): void { listeners.push(listener) }
  }
}

/** Compares each look at what a process used with the one before. */
function createActivityWatch (): { look (process: ProcessHandle | null): Promise<{ readonly stopped: boolean, readonly idleMs: number }> } {
  let sample: ActivitySample | null = null
  let movedAtMs = performance.now()
  return {
    async look (process) {
      const next = process === null ? null : await readActivity(process.pid)
      const activity = sample === null || next === null ? 'unknown' : compareActivity(sample, next)
      if (activity === 'progress' || activity === 'unknown') movedAtMs = performance.now()
      sample = next
      return { stopped: next?.state === 'T' || next?.state === 't', idleMs: performance.now() - movedAtMs }
    }
  }
}

/** A process that is not found by name may still be there (another pid namespace): its socket has the last word. */
function isNobodyThere (error: unknown): boolean {
  return error instanceof ServerRefusedError || error instanceof ServerSocketMissingError
}

type EchoAnswer = { readonly kind: 'answered' } | { readonly kind: 'silent' } | { readonly kind: 'failed', readonly error: unknown }

/** At most one echo is under way: a server that is stopped for a minute finds one question when it wakes, not hundreds. */
function createEcho (database: Database, timing: TimingConfig): { ask (): Promise<EchoAnswer> } {
  let outstanding: Promise<EchoAnswer> | null = null

  function send (): Promise<EchoAnswer> {
    // longer than any verdict needs, so that the verdict is silence and not a failed call
    return database.echo(Math.max(timing.busyAfterMs, timing.hungAfterMs) + timing.commandTimeoutMs)
      .then((): EchoAnswer => ({ kind: 'answered' }), (error: unknown): EchoAnswer => ({ kind: 'failed', error }))
      .finally(() => { outstanding = null })
  }

  return {
    async ask () {
      outstanding ??= send()
      const wait = Promise.withResolvers<EchoAnswer>()
      const timer = setTimeout(() => wait.resolve({ kind: 'silent' }), timing.probeEveryMs)
      try {
        return await Promise.race([outstanding, wait.promise])
      } finally {
        clearTimeout(timer)
      }
    }
  }
}
