import { Worker } from 'node:worker_threads'

/** A database of 256 MiB as objects; more is a failure of the thread, and not of the agent. */
const HEAP_MEBIBYTES_MAX = 4_096
/** Beyond the deadline that the thread keeps itself. */
const GRACE_MS = 5_000

/** What a thread posts: notes while it works, and one answer. */
export type ThreadWord =
  | { readonly note: unknown }
  | { readonly ok: true, readonly value: unknown }
  | { readonly ok: false, readonly message: string }

/** Runs one task in a thread of its own; rejects with the thread's words, also when it does not end in time or `signal` ends it. */
export async function runInThread<Result> (file: URL, task: { readonly deadlineMs: number }, signal: AbortSignal, onNote: (note: unknown) => void = () => {}): Promise<Result> {
  signal.throwIfAborted()
  const worker = new Worker(file, { workerData: task, resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX } })
  const ended = Promise.withResolvers<Exclude<ThreadWord, { readonly note: unknown }>>()
  const timer = setTimeout(() => ended.reject(new Error(`not done within ${task.deadlineMs} ms`)), task.deadlineMs + GRACE_MS)
  const onAbort = () => ended.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  worker.on('message', (word: ThreadWord) => { if ('note' in word) onNote(word.note); else ended.resolve(word) })
  worker.once('error', ended.reject).once('exit', code => ended.reject(new Error(`the thread ended with ${code}`)))
  try {
    const answer = await ended.promise
    if (!answer.ok) throw new Error(answer.message)
    return answer.value as Result
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    await worker.terminate()
  }
}

/** In the thread: does the work, and posts how it ended. */
export async function answerWith (post: (word: ThreadWord) => void, work: () => Promise<unknown>): Promise<void> {
  try {
    post({ ok: true, value: await work() })
  } catch (error) {
    post({ ok: false, message: error instanceof Error ? error.message : String(error) })
  }
}
