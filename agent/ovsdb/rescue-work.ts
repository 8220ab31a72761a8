import { Worker } from 'node:worker_threads'
import type { RescueAnswer, RescueResults, ThreadTask } from './rescue-thread.ts'

/** A database of 256 MiB as objects; more is a failure of the thread, and not of the agent. */
const HEAP_MEBIBYTES_MAX = 4_096
/** Beyond the deadline that the thread keeps itself. */
const GRACE_MS = 5_000

/** Runs one task in a thread of its own; rejects with the thread's words, also when it does not end in time or `signal` ends it. */
export async function inThread<Task extends ThreadTask> (task: Task, signal: AbortSignal): Promise<RescueResults[Task['kind']]> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('rescue-thread.ts', import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX } })
  const ended = Promise.withResolvers<RescueAnswer>()
  const timer = setTimeout(() => ended.reject(new Error(`not done within ${task.deadlineMs} ms`)), task.deadlineMs + GRACE_MS)
  const onAbort = () => ended.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  worker.once('message', ended.resolve).once('error', ended.reject).once('exit', code => ended.reject(new Error(`the thread ended with ${code}`)))
  try {
    const answer = await ended.promise
    if (!answer.ok) throw new Error(answer.message)
    return answer.value as RescueResults[Task['kind']]
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    await worker.terminate()
  }
}
