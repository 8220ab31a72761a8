// The thread that reads and compares whole databases, rescues and snapshots with the active: tens of megabytes of JSON, which must not keep a lease from being renewed.
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../protocol/invariant.ts'
import type { TableDifference } from '../../protocol/rescue.ts'
import type { DiffQuery, RowChoice } from '../../protocol/rescue-replay.ts'
import type { RestorePlan } from '../../protocol/restore.ts'
import { countByTable, differences } from './content-diff.ts'
import { viewDifferences, type DifferenceViews } from './difference-view.ts'
import { readFileContent, readServerContent, type FileToRead, type ServerToRead } from './read-content.ts'
import { planReplay, type Plan } from './replay-plan.ts'
import { planRestore } from './restore-plan.ts'
import { answerWith } from './thread-work.ts'

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
  | { readonly kind: 'restore', readonly withOperations: boolean }
)

/** Two servers: what `theirs` has and `own` lacks. */
export interface CopiesTask {
  readonly kind: 'copies'
  readonly theirs: ServerToRead
  readonly own: ServerToRead
  readonly deadlineMs: number
}

export type ThreadTask = RescueTask | CopiesTask

/** What each kind of task answers. */
export interface RescueResults {
  readonly compare: readonly TableDifference[]
  readonly diff: DifferenceViews
  readonly plan: Plan
  readonly copies: readonly TableDifference[]
  readonly restore: RestorePlan
}

async function run (task: ThreadTask): Promise<RescueResults[ThreadTask['kind']]> {
  if (task.kind === 'copies') return countByTable(differences(await readServerContent(task.theirs, task.deadlineMs), await readServerContent(task.own, task.deadlineMs)))
  const rescue = await readFileContent(task.rescue, task.deadlineMs)
  const active = await readServerContent(task.active, task.deadlineMs)
  switch (task.kind) {
    case 'compare': return countByTable(differences(rescue, active))
    case 'diff': return viewDifferences(rescue, active, task.query)
    case 'plan': return planReplay({ rescue, active }, task.choice)
    case 'restore': return planRestore({ rescue, active }, task.withOperations)
    default: return task satisfies never
  }
}

invariant(parentPort !== null, 'databases are compared in a thread of their own')
const port = parentPort
await answerWith(word => { port.postMessage(word) }, () => run(workerData as ThreadTask))
