// Which process a companion is, kept across restarts of the agent; in the run directory, which a reboot empties.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { ignoreMissing, isGone, readStat, type ProcessHandle } from '../process-handle.ts'

const HandleSchema = Type.Object({ pid: Type.Integer({ minimum: 1 }), startTicks: Type.String() })

export async function storeHandle (file: string, { pid, startTicks }: ProcessHandle): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const fresh = `${file}.new`
  await writeFile(fresh, JSON.stringify({ pid, startTicks }), { mode: 0o600 })
  await rename(fresh, file)
}

export async function forgetHandle (file: string): Promise<void> {
  await rm(file, { force: true })
}

/** The process that the file names, when it still runs; whatever else is in the file counts as none. */
export async function readHandle (file: string): Promise<ProcessHandle | null> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing)
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // cut short by a full disk: the mark in its environment finds it
  }
  return Value.Check(HandleSchema, value) && !(await isGone(value)) ? value : null
}

/**
 * The first process of a session with this entry in its environment: one that was started by an agent which ended before
 * it had written down whom it started.
 */
export async function findMarked (mark: string): Promise<ProcessHandle | null> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '') // another user's, or gone
    if (!environment.split('\0').includes(mark)) continue
    const stat = await readStat(Number(entry))
    if (stat !== null && stat.leader && !(await isGone(stat))) return { pid: stat.pid, startTicks: stat.startTicks }
  }
  return null
}
