import { readFile } from 'node:fs/promises'
import type { Health } from '../../protocol/report.ts'
import { readStat } from '../process-handle.ts'

/** What a process had used by the time of one look at /proc. */
export interface ActivitySample {
  readonly pid: number
  readonly startTicks: string
  /** T and t are stopped. */
  readonly state: string
  readonly cpuTicks: number
  /** Bytes read and written so far; null when /proc does not tell (another user's process). */
  readonly ioBytes: number | null
}

/** `stopped` and `none` are a hang, `progress` is a server that is busy; `unknown` when the looks are of two processes. */
export type Activity = 'stopped' | 'none' | 'progress' | 'unknown'

export function compareActivity (before: ActivitySample, after: ActivitySample): Activity {
  if (after.state === 'T' || after.state === 't') return 'stopped'
  if (before.pid !== after.pid || before.startTicks !== after.startTicks) return 'unknown'
  if (after.cpuTicks > before.cpuTicks) return 'progress'
  if (before.ioBytes !== null && after.ioBytes !== null && after.ioBytes > before.ioBytes) return 'progress'
  return 'none'
}

export interface Silence {
  /** Since the last good answer. */
  readonly silentMs: number
  /** Since the process was last seen to use CPU or disk; 0 when that is not known. */
  readonly idleMs: number
  readonly stopped: boolean
  readonly hungAfterMs: number
  readonly busyAfterMs: number
}

/**
 * What a server is that does not answer. A stopped or idle one is hung after `hungAfterMs`; one that uses CPU or disk is
 * busy (compaction and large copies stall a server for seconds, FACTS K), and overdue after `busyAfterMs`: whether it is
 * given up for that is for somebody to decide who knows if a backup can take over.
 */
export function judgeSilence ({ silentMs, idleMs, stopped, hungAfterMs, busyAfterMs }: Silence): { readonly health: Health, readonly reason: string, readonly overdue: boolean } {
  const silence = `no answer for ${Math.round(silentMs)} ms`
  if (stopped) return { health: silentMs >= hungAfterMs ? 'hung' : 'busy', reason: `${silence}; the process is stopped`, overdue: false }
  if (silentMs >= hungAfterMs && idleMs >= hungAfterMs) return { health: 'hung', reason: `${silence}; the process used neither CPU nor disk for ${Math.round(idleMs)} ms`, overdue: false }
  if (silentMs >= busyAfterMs) return { health: 'busy', reason: `${silence}, longer than a busy server may take (${busyAfterMs} ms)`, overdue: true }
  return { health: 'busy', reason: silence, overdue: false }
}

/** Null when the process is gone. */
export async function readActivity (pid: number): Promise<ActivitySample | null> {
  const stat = await readStat(pid)
  if (stat === null) return null
  return { pid, startTicks: stat.startTicks, state: stat.state, cpuTicks: stat.cpuTicks, ioBytes: await readIoBytes(pid) }
}

async function readIoBytes (pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/io`, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  })
  if (text === null) return null
  // rchar and wchar count sockets and pipes as well: a server that dumps its database to a backup makes progress
  const [read, written] = ['rchar', 'wchar'].map(name => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0))
  return (read ?? 0) + (written ?? 0)
}
