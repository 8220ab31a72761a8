import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa, type Options } from 'execa'
import type { CompanionConfig } from '../../protocol/cluster.ts'
import type { Companion } from '../companion.ts'
import type { Look } from '../core/companion-state.ts'
import { withoutOurDescriptors } from '../daemon-stdio.ts'
import { readStat, waitUntilGone, type ProcessHandle } from '../process-handle.ts'
import { CompanionError } from './companion-errors.ts'
import { findMarked, forgetHandle, readHandle, storeHandle } from './companion-state-file.ts'
import { awaitHealth, whyIll } from './health.ts'

export interface CommandCompanionOptions {
  readonly cluster: string
  readonly config: CompanionConfig
  /** With its placeholders replaced. */
  readonly command: readonly string[]
  readonly check: readonly string[]
  readonly logFile: string
  readonly stateFile: string
}

/** It gets an environment of its own, so that nothing secret of the agent's stays in it. */
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** After SIGKILL; longer only when a disk does not answer. */
const KILL_DEADLINE_MS = 2_000
const WORDS_MAX = 500

/**
 * A command in the foreground that the agent starts itself: in a session and process group of its own, with none of our
 * descriptors, so that an agent that restarts finds it and changes nothing.
 */
export function createCommandCompanion (options: CommandCompanionOptions): Companion {
  const { config, check, logFile, stateFile } = options
  const { name } = config
  const mark = `OVSDB_HA_COMPANION=${options.cluster}/${name}`
  const listeners: (() => void)[] = []
  let searched = false

  /** Every process is looked through once: for one of an agent that ended while it started it. */
  async function find (): Promise<ProcessHandle | null> {
    const known = await readHandle(stateFile)
    if (known !== null || searched) return known
    searched = true
    const found = await findMarked(mark)
    if (found !== null) await storeHandle(stateFile, found)
    return found
  }

  async function look (signal: AbortSignal): Promise<Look> {
    try {
      const process = await find()
      if (process === null) return { state: 'stopped' }
      const why = await whyIll(check, config.checkTimeoutMs, signal)
      return why === null ? { state: 'running', pid: process.pid } : { state: 'ill', pid: process.pid, why }
    } catch (error) {
      signal.throwIfAborted()
      return { state: 'ill', pid: null, why: (error as Error).message }
    }
  }

  async function start (signal: AbortSignal): Promise<void> {
    let fromOffset = 0
    try {
      if (await find() !== null) return
      fromOffset = await launch(options, mark, () => { for (const listener of listeners) listener() })
      const why = await awaitHealth(look, check.length > 0, config.startTimeoutMs, signal)
      if (why === null) return
      const said = await lastLines(logFile, fromOffset)
      throw new CompanionError(name, said === '' ? why : `${why}: ${said}`)
    } catch (cause) {
      await stop()
      throw cause instanceof CompanionError ? cause : new CompanionError(name, (cause as Error).message, { cause })
    }
  }

  /** The whole group: a wrapper's child must not live on. */
  async function stop (): Promise<void> {
    const process = await find()
    if (process === null) return
    signalGroup(process, 'SIGTERM')
    if (!(await waitUntilGone(process, config.stopTimeoutMs))) {
      signalGroup(process, 'SIGKILL')
      if (!(await waitUntilGone(process, KILL_DEADLINE_MS))) throw new CompanionError(name, `process ${process.pid} is still there ${KILL_DEADLINE_MS} ms after SIGKILL`)
    }
    // whatever of its group outlived the process itself
    signalGroup(process, 'SIGKILL')
    await forgetHandle(stateFile)
  }

  return { name, look, start, stop, onEnded: listener => { listeners.push(listener) } }
}

/** Resolves to where its words begin in the log file. */
async function launch ({ config, command, logFile, stateFile }: CommandCompanionOptions, mark: string, onEnded: () => void): Promise<number> {
  const [program = '', ...args] = command
  await mkdir(dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a', 0o640)
  const nothing = await open('/dev/null', 'r+')
  try {
    const { size } = await log.stat()
    const [, , errors, ...others] = await withoutOurDescriptors(log.fd, nothing.fd) as readonly unknown[]
    const child = execa(program, args, {
      detached: true,
      cleanup: false,
      extendEnv: false,
      env: { PATH: SEARCH_PATH, [mark.slice(0, mark.indexOf('='))]: mark.slice(mark.indexOf('=') + 1) },
      cwd: '/',
      reject: false,
      // as in withoutOurDescriptors: any descriptor by number
      stdio: ['ignore', log.fd, errors, ...others] as unknown as NonNullable<Options['stdio']>
    })
    child.unref()
    child.then(onEnded, onEnded)
    if (child.pid === undefined) throw new CompanionError(config.name, (await child).message ?? `${program} could not be run`)
    const stat = await readStat(child.pid)
    // one that is gone already is found to be so by the next look
    if (stat !== null) await storeHandle(stateFile, stat)
    return size
  } finally {
    await log.close()
    await nothing.close()
  }
}

/** A process group that ended in between needs no signal. */
function signalGroup ({ pid }: ProcessHandle, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function lastLines (file: string, fromOffset: number): Promise<string> {
  const text = (await readFile(file)).subarray(fromOffset).toString('utf8')
  return text.trim().split('\n').slice(-3).join(' / ').slice(-WORDS_MAX)
}
