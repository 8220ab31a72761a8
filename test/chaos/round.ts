// One round's faults, struck as they were drawn, several at a time.
import { TestbedError } from '../testbed/command.ts'
import { poll } from '../testbed/wait.ts'
import { ROUND_MS, type PlannedFault } from './faults.ts'
import { type Strikes, type Struck } from './strike.ts'
import type { Blow } from './timeline.ts'

export interface RoundOptions {
  readonly round: number
  readonly faults: readonly PlannedFault[]
  /** Faults that are due later are left out, and what lasts is healed then. */
  readonly endMs: number
  readonly strikes: Strikes
  /** Who serves, as the observer saw last; null when nobody ever did. */
  readonly serving: () => string | null
  /** Which controller leads now; null when none says so. */
  readonly leading: () => Promise<string | null>
  readonly dataNodes: readonly string[]
  readonly controllers: readonly string[]
  readonly interrupt: AbortSignal
  /** Called while faults go on, about once a second. */
  readonly meanwhile: () => Promise<void>
}

const TICK_MS = 5
const MEANWHILE_EVERY_MS = 1_000

/** Resolves when every fault of the round is over: undone, or at its end by itself. Nothing goes on after it, also when it rejects. */
export async function playRound (options: RoundOptions): Promise<readonly Blow[]> {
  const { faults, interrupt, meanwhile } = options
  const endMs = Math.min(options.endMs, ROUND_MS)
  const startMs = performance.now()
  const failed = new AbortController()
  const isOver = (atMs: number) => interrupt.aborted || failed.signal.aborted || performance.now() - startMs >= Math.min(atMs, endMs)
  const until = (atMs: number) => poll(async () => isOver(atMs) ? true : null, { deadlineMs: 2 * ROUND_MS, everyMs: TICK_MS, what: 'the round to go on' })
  const running: Array<Promise<Blow>> = []
  const play = async () => {
    for (const fault of faults.filter(({ atMs }) => atMs < endMs)) {
      await until(fault.atMs)
      if (isOver(Infinity)) break
      const one = strike(options, fault, durationMs => until(fault.atMs + durationMs))
      // whatever goes wrong here is the campaign's own failure: it ends the round, and is told when all faults are over
      one.catch(() => failed.abort())
      running.push(one)
    }
    await until(endMs)
  }
  const watch = async () => {
    for (let nextMs = 0; !isOver(Infinity); nextMs += MEANWHILE_EVERY_MS) {
      await until(nextMs)
      await meanwhile()
    }
  }
  const ended = await Promise.allSettled([play(), watch()].map(part => part.catch(error => {
    failed.abort()
    throw error
  })))
  const struck = await Promise.allSettled(running)
  for (const one of [...ended, ...struck]) if (one.status === 'rejected') throw one.reason
  return struck.flatMap(one => one.status === 'fulfilled' ? one.value : [])
}

async function strike (options: RoundOptions, fault: PlannedFault, lasts: (durationMs: number) => Promise<unknown>): Promise<Blow> {
  const { kind, variant, durationMs } = fault
  const victim = await victimOf(options, fault)
  const atMs = Date.now()
  const common = { round: options.round, kind, victim, variant, atMs }
  let struck: Struck
  try {
    struck = await options.strikes[kind]({ host: victim, variant, durationMs })
  } catch (error) {
    return { ...common, endedMs: Date.now(), missed: true, note: whyNot(error) }
  }
  if (durationMs === 0) return { ...common, endedMs: Date.now(), missed: false, note: struck.note }
  await lasts(durationMs)
  try {
    await struck.undo()
    return { ...common, endedMs: Date.now(), missed: false, note: struck.note }
  } catch (error) {
    // another fault took what this one would give back; the healing sees to it
    return { ...common, endedMs: Date.now(), missed: false, note: `${struck.note}; not undone: ${whyNot(error)}` }
  }
}

/** Nobody serves, or leads: then whoever did last, or any, is as good a victim. */
async function victimOf ({ serving, leading, dataNodes, controllers }: RoundOptions, { victim, atMs }: PlannedFault): Promise<string> {
  if (victim === 'leader') return await leading() ?? controllers[atMs % controllers.length] ?? ''
  if (victim !== 'active' && victim !== 'backup') return victim
  const active = serving() ?? dataNodes[0] ?? ''
  if (victim === 'active') return active
  const backups = dataNodes.filter(name => name !== active)
  return backups[atMs % backups.length] ?? active
}

function whyNot (error: unknown): string {
  if (!(error instanceof TestbedError)) throw error
  return error.message.split('\n')[0] ?? ''
}
