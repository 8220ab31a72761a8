// The thread that compares the database of a backup with the active's: megabytes of JSON, which must not keep a lease from being renewed.
import { parentPort, workerData } from 'node:worker_threads'
import type { MarkerColumn } from '../../protocol/cluster.ts'
import { invariant } from '../../protocol/invariant.ts'
import type { CompareReply, RecheckReply, Suspect } from '../../protocol/verify.ts'
import { compareSides, recheckSides, type BothSides } from './compare-content.ts'
import { openServerReader, type ServerToRead } from './read-content.ts'
import { answerWith } from './thread-work.ts'

interface Sides {
  readonly own: ServerToRead
  readonly active: ServerToRead
  readonly deadlineMs: number
}

export type CompareTask = Sides & (
  | { readonly kind: 'compare', readonly digests: boolean }
  | { readonly kind: 'recheck', readonly marker: string, readonly markerColumn: MarkerColumn | null, readonly suspects: readonly Suspect[] }
)

/** What each kind of task answers. */
export interface CompareResults {
  readonly compare: CompareReply
  readonly recheck: RecheckReply
}

/** How far a comparison is: a note of the thread. */
export interface TablesDone {
  readonly doneEntries: number
  readonly tableEntries: number
}

invariant(parentPort !== null, 'databases are compared in a thread of their own')
const port = parentPort
await answerWith(word => { port.postMessage(word) }, async () => {
  const task = workerData as CompareTask
  const own = await openServerReader(task.own, task.deadlineMs)
  try {
    const active = await openServerReader(task.active, task.deadlineMs)
    try {
      return await run({ own, active }, task)
    } finally {
      active.close()
    }
  } finally {
    own.close()
  }
})

async function run (sides: BothSides, task: CompareTask): Promise<CompareReply | RecheckReply> {
  switch (task.kind) {
    case 'compare': return await compareSides(sides, task.digests, (doneEntries, tableEntries) => { port.postMessage({ note: { doneEntries, tableEntries } satisfies TablesDone }) })
    case 'recheck': return await recheckSides(sides, { marker: task.marker, column: task.markerColumn }, task.suspects, task.deadlineMs)
    default: return task satisfies never
  }
}
