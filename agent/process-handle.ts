// Processes of this host by /proc, for whoever starts, adopts and ends them.
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** One process for certain: a process id alone may be reused, id and start time together are not. */
export interface ProcessHandle {
  readonly pid: number
  /** Start time in clock ticks since boot, as /proc/PID/stat has it. */
  readonly startTicks: string
}

export interface ProcessStat extends ProcessHandle {
  /** One letter: R, S, D, T, t, Z, X. */
  readonly state: string
  readonly cpuTicks: number
  readonly kernelThread: boolean
  /** The first process of its session. */
  readonly leader: boolean
}

/**
 * Whether this process can serve nobody any more: it left /proc, its id belongs to another process, or it is a zombie
 * whose threads have ended too (only then are its sockets closed).
 */
export async function isGone (process: ProcessHandle): Promise<boolean> {
  const stat = await readStat(process.pid)
  if (stat === null || stat.startTicks !== process.startTicks) return true
  if (stat.state !== 'Z' && stat.state !== 'X') return false
  const threads = await readdir(`/proc/${process.pid}/task`).catch(ignoreMissing)
  return threads === null || threads.length <= 1
}

/** Resolves to true as soon as the process is gone, to false when it is still there after `deadlineMs`. */
export async function waitUntilGone (process: ProcessHandle, deadlineMs: number): Promise<boolean> {
  const startMs = performance.now()
  while (!(await isGone(process))) {
    const waitedMs = performance.now() - startMs
    if (waitedMs >= deadlineMs) return false
    // a killed process leaves within milliseconds; one in an uninterruptible write may take long
    await delay(waitedMs < 100 ? 1 : 20)
  }
  return true
}

/** Null when there is no such process (any more). */
export async function readStat (pid: number): Promise<ProcessStat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(ignoreMissing)
  if (text === null) return null
  // the name in parentheses may hold spaces and parentheses: fields count from the last one
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '?', session = '0', flags = '0', userTicks = '0', systemTicks = '0', startTicks = ''] = [0, 3, 6, 11, 12, 19].map(index => fields[index])
  return { pid, startTicks, state, cpuTicks: Number(userTicks) + Number(systemTicks), kernelThread: (Number(flags) & PF_KTHREAD) !== 0, leader: session === String(pid) }
}

const PF_KTHREAD = 0x00200000

/** Missing, or vanished while it was read, is an answer; every other failure is not. */
export function ignoreMissing (error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENOTDIR') return null
  throw error
}

/** A process that ended in between needs no signal. */
export async function signal (target: ProcessHandle, name: NodeJS.Signals): Promise<void> {
  if (await isGone(target)) return
  try {
    process.kill(target.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
