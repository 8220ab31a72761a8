import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { signal, waitUntilGone } from '../process-handle.ts'
import { identify, type Identity, type IdentityFiles } from './process-identity.ts'
import { ServerStillRunningError } from './server-errors.ts'

/** How the ovsdb-server process is started and ended: one adapter per run mode. It knows processes, never roles. */
export interface ServerProcess {
  readonly mode: 'process' | 'systemd' | 'attach'
  /**
   * Starts the process as a backup on the placeholder (S5) and resolves when the program says it listens; readiness is
   * judged by a reply, elsewhere. Deadline START_DEADLINE_MS. Rejects with a ServerStartError that carries the program's words.
   */
  start (): Promise<void>
  /** Ends the process in order and resolves when it is gone; one that does not end in time is killed where it is ours. */
  stop (): Promise<void>
  /** SIGKILL; resolves when the process left /proc. Resolves at once when there is none. */
  kill (): Promise<void>
  /** Which process it is, or why none was found. */
  identify (): Promise<Identity>
}

/** A server of some GB reads its file for tens of seconds before it listens (FACTS K: 1 s per 90 MB). */
export const START_DEADLINE_MS = 120_000
/** After SIGTERM; a large server frees its memory for a second or two. */
export const STOP_DEADLINE_MS = 5_000
/** After SIGKILL; longer only when a disk does not answer. */
export const KILL_DEADLINE_MS = 5_000

/**
 * Sends SIGKILL to the process behind the control socket and waits until it is gone. One that was started after this was
 * called is not meant: whoever starts a server need not wait until an earlier kill has looked twice.
 */
export async function killIdentified (server: string, files: IdentityFiles): Promise<void> {
  const deadlineMs = performance.now() + KILL_DEADLINE_MS
  const calledTicks = await ticksSinceBoot()
  for (let found = await identify(files); found.found; found = await identify(files)) {
    if (Number(found.process.startTicks) > calledTicks) return
    await signal(found.process, 'SIGKILL')
    const leftMs = deadlineMs - performance.now()
    if (leftMs <= 0 || !(await waitUntilGone(found.process, leftMs))) {
      throw new ServerStillRunningError(server, `process ${found.process.pid} is still there ${KILL_DEADLINE_MS} ms after SIGKILL`)
    }
  }
}

/** The kernel's clock of /proc/PID/stat, which counts hundredths of a second on every Linux. */
async function ticksSinceBoot (): Promise<number> {
  const [seconds = '0'] = (await readFile('/proc/uptime', 'latin1')).split(' ')
  return Math.round(Number(seconds) * 100)
}
