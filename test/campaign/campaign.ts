// What all campaigns have in common: runs one after the other on one testbed, each from a whole cluster, watched from outside.
import type { ClusterView, HistoryEntry, HistoryList, OperationView } from '../../protocol/api.ts'
import type { Random } from '../sim/world.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { whatIsMissing } from '../testbed/controller-api.ts'
import type { TestbedOptions } from '../testbed/options.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'

export interface Stage {
  readonly testbed: Testbed
  readonly random: Random
  readonly runs: number
  readonly interrupt: AbortSignal
  readonly tell: (text: string) => void
}

/** What a campaign found. Without a violation it has proven what it is for. */
export interface Findings {
  readonly figures: Readonly<Record<string, number | string>>
  readonly runs: readonly object[]
  readonly violations: readonly string[]
}

export interface Campaign {
  /** What it proves, in one line. */
  readonly proves: string
  readonly runsDefault: number
  readonly testbed: Omit<TestbedOptions, 'index' | 'ovs'>
  readonly play: (stage: Stage) => Promise<Findings>
}

export const DEADLINE_MS = 60_000
const HISTORY_ENTRIES = 200

/** Asks until the answer is not null; an interrupt ends it. */
export async function until<T> ({ interrupt }: Stage, what: string, ask: () => Promise<T | null>, deadlineMs = DEADLINE_MS): Promise<T> {
  return await poll(async () => {
    interrupt.throwIfAborted()
    return await ask()
  }, { deadlineMs, what })
}

/** Every data node serves or follows, and could take over. */
export async function whole (stage: Stage): Promise<ClusterView & { readonly active: string }> {
  const api = await stage.testbed.api()
  let missing = 'the controller does not answer'
  const view = await until(stage, 'every node to serve or to follow', async () => {
    const now = await api.cluster().catch(() => null)
    if (now !== null) missing = whatIsMissing(now)
    return now !== null && missing === '' ? now : null
  }).catch((error: Error) => { throw new Error(`${error.message}: ${missing}`, { cause: error }) })
  return { ...view, active: view.active ?? '' }
}

export async function history ({ testbed }: Stage): Promise<readonly HistoryEntry[]> {
  const { body } = await (await testbed.api()).get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=${HISTORY_ENTRIES}`)
  return body.entries
}

const TOLD_ENTRIES = 40

/** What nobody can repeat must tell what the cluster went through. */
export async function tellHistory (stage: Stage, sinceId: number): Promise<void> {
  const entries = (await history(stage)).filter(({ id }) => id > sinceId).slice(0, TOLD_ENTRIES)
  for (const { at, node, kind, message } of entries.toReversed()) stage.tell(`  ${at} ${node ?? '-'} ${kind}: ${message}`)
}

export interface Change {
  readonly id: number
  readonly operation: OperationView
}

/** The first change of the active that was done after this entry of the history. */
export async function changeAfter (stage: Stage, id: number): Promise<Change> {
  return await until(stage, 'a change of the active', async () => {
    const entries = await history(stage).catch(() => [])
    const done = entries.flatMap(entry => entry.id > id && entry.operation?.outcome === 'done' ? [{ id: entry.id, operation: entry.operation }] : [])
    return done.at(-1) ?? null
  })
}

/**
 * Whether something else changed the active since that entry, besides one change that was wanted: a machine that was too busy for a
 * lease, above all. What was lost with that cannot be told from what was lost before.
 */
export async function disturbedSince (stage: Stage, id: number, wanted: (operation: OperationView) => boolean): Promise<boolean> {
  const operations = (await until(stage, 'the history', () => history(stage).catch(() => null)))
    .flatMap(entry => entry.id > id && entry.operation !== undefined && entry.operation.outcome !== 'running' ? [entry.operation] : [])
  return operations.length > 1 || !operations.every(wanted)
}

export async function newestEntryId (stage: Stage): Promise<number> {
  return (await history(stage))[0]?.id ?? 0
}

/**
 * Plays the runs while the observer looks for two actives at one instant. A run that throws ends the campaign; an interrupt ends
 * it with what was found until then.
 */
export async function playRuns<Run extends object> (stage: Stage, play: (run: number) => Promise<Run>, words: (run: Run) => string): Promise<{ readonly runs: readonly Run[], readonly violations: readonly string[] }> {
  const observer = await stage.testbed.observe()
  const runs: Run[] = []
  try {
    for (let run = 1; run <= stage.runs; run++) {
      stage.interrupt.throwIfAborted()
      runs.push(await play(run))
      stage.tell(`${run}/${stage.runs}: ${words(runs.at(-1)!)}`)
    }
  } catch (error) {
    if (!stage.interrupt.aborted || runs.length === 0) throw error
    stage.tell(`interrupted after ${runs.length} of ${stage.runs} runs`)
  } finally {
    await observer.stop().catch((error: Error) => stage.tell(`the observer: ${error.message}`))
  }
  const { conflicts, accepted } = observer.report()
  const unseen = accepted === 0 ? ['the observer saw nobody serve'] : []
  return { runs, violations: [...unseen, ...conflicts.map(({ tenures: [one, other], overlapMs }) => `${one.host} and ${other.host} both accepted writes for at least ${overlapMs.toFixed(1)} ms`)] }
}
