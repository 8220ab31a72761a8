// What a later command must know of a running testbed and cannot see in the kernel: how it was asked for, and by whom.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { type ResolvedOptions } from './options.ts'
import { TESTBEDS_DIRECTORY } from './plan.ts'

export interface TestbedState {
  readonly options: ResolvedOptions
  /** The process that holds the testbed for itself (a test, the demo); null when it was left running by the command line. */
  readonly runner: { readonly pid: number, readonly startTicks: string } | null
}

const stateFile = (index: number) => `${TESTBEDS_DIRECTORY}/${index}/state.json`

export async function writeState (state: TestbedState): Promise<void> {
  const file = stateFile(state.options.index)
  await writeFile(`${file}.tmp`, JSON.stringify(state))
  await rename(`${file}.tmp`, file)
}

/** Null when there is no such testbed. */
export async function readState (index: number): Promise<TestbedState | null> {
  const text = await readFile(stateFile(index), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? null : JSON.parse(text) as TestbedState
}

export async function thisRunner (): Promise<TestbedState['runner']> {
  return { pid: process.pid, startTicks: await startTicksOf(process.pid) ?? '' }
}

/** Whether another process that still lives holds the testbed for itself. */
export async function isHeldByAnother (state: TestbedState): Promise<boolean> {
  if (state.runner === null || state.runner.pid === process.pid) return false
  return await startTicksOf(state.runner.pid) === state.runner.startTicks
}

async function startTicksOf (pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  })
  // the name in parentheses may hold spaces and parentheses: fields count from the last one
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
