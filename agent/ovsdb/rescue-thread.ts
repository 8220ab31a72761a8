// The thread that reads and compares whole databases: tens of megabytes of JSON, which must not keep a lease from being renewed.
import { parentPort, workerData } from 'node:worker_threads'
import type { TableDifference } from '../../protocol/rescue.ts'
import { invariant } from '../../protocol/invariant.ts'
import { countByTable, differences } from './content-diff.ts'
import { readFileContent, readServerContent, type FileToRead, type ServerToRead } from './read-content.ts'

export interface CompareTask {
  readonly kind: 'compare'
  readonly rescue: FileToRead
  readonly active: ServerToRead
  readonly deadlineMs: number
}
export type RescueTask = CompareTask

/** What each kind of task answers. */
export interface RescueResults {
  readonly compare: readonly TableDifference[]
}

export type RescueAnswer =
  | { readonly ok: true, readonly value: RescueResults[RescueTask['kind']] }
  | { readonly ok: false, readonly message: string }

async function run (task: RescueTask): Promise<RescueResults[RescueTask['kind']]> {
  const rescue = await readFileContent(task.rescue, task.deadlineMs)
  const active = await readServerContent(task.active, task.deadlineMs)
  return countByTable(differences(rescue, active))
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
