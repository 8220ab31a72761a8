// The thread that reads and compares whole databases: tens of megabytes of JSON, which must not keep a lease from being renewed.
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../protocol/invariant.ts'
import type { TableDifference } from '../../protocol/rescue.ts'
import type { DiffQuery, RowChoice } from '../../protocol/rescue-replay.ts'
import { countByTable, differences } from './content-diff.ts'
import { viewDifferences, type DifferenceViews } from './difference-view.ts'
import { readFileContent, readServerContent, type FileToRead, type ServerToRead } from './read-content.ts'
import { planReplay, type Plan } from './replay-plan.ts'

/** What is to be compared, and until when. */
export interface RescueSides {
  readonly rescue: FileToRead
  readonly active: ServerToRead
  readonly deadlineMs: number
}

export type RescueTask = RescueSides & (
  | { readonly kind: 'compare' }
  | { readonly kind: 'diff', readonly query: DiffQuery }
  | { readonly kind: 'plan', readonly choice: RowChoice }
)

/** What each kind of task answers. */
export interface RescueResults {
  readonly compare: readonly TableDifference[]
  readonly diff: DifferenceViews
  readonly plan: Plan
}

export type RescueAnswer =
  | { readonly ok: true, readonly value: RescueResults[RescueTask['kind']] }
  | { readonly ok: false, readonly message: string }

async function run (task: RescueTask): Promise<RescueResults[RescueTask['kind']]> {
  const rescue = await readFileContent(task.rescue, task.deadlineMs)
  const active = await readServerContent(task.active, task.deadlineMs)
  switch (task.kind) {
    case 'compare': return countByTable(differences(rescue, active))
    case 'diff': return viewDifferences(rescue, active, task.query)
    case 'plan': return planReplay({ rescue, active }, task.choice)
    default: return task satisfies never
  }
}

async function answer (): Promise<RescueAnswer> {
  try {
    return { ok: true, value: await run(workerData as RescueTask) }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

invariant(parentPort !== null, 'databases are compared in a thread of their own')
parentPort.postMessage(await answer())
