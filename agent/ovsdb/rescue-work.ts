import type { RescueResults, ThreadTask } from './rescue-thread.ts'
import { runInThread } from './thread-work.ts'

/** Runs one task in a thread of its own; rejects with the thread's words, also when it does not end in time or `signal` ends it. */
export async function inThread<Task extends ThreadTask> (task: Task, signal: AbortSignal): Promise<RescueResults[Task['kind']]> {
  return await runInThread(new URL('rescue-thread.ts', import.meta.url), task, signal)
}
