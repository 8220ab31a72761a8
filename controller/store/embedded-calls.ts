import { Worker } from 'node:worker_threads'
import { invariant } from '../../protocol/invariant.ts'
import type { EmbeddedFileOptions } from './embedded-file.ts'
import type { StoreAnswer, StoreCall, StoreFailure } from './embedded-thread.ts'
import { StoreConflictError, StoreCorruptError, StoreLockedError, StoreUnavailableError, StoreVersionError, type StoreError } from './store-errors.ts'

/** More calls than this in flight mean that the disk hangs; the next one is rejected at once. */
const CALLS_MAX = 1_000
/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Calls into the thread that has the file open, each with a deadline. A thread that died rejects everything that waits for it, at once. */
export function createStoreCalls (options: EmbeddedFileOptions, deadlineMs: number) {
  const waiting = createWaiting(options.file, deadlineMs)
  let worker: Worker | null = null

  function start (): Worker {
    const started = new Worker(new URL('./embedded-thread.ts', import.meta.url), { workerData: options })
    const lose = (why: string, cause?: unknown) => {
      if (worker !== started) return
      worker = null
      waiting.rejectAll(why, cause)
    }
    started.on('message', waiting.answer)
    started.on('error', error => { lose('its thread failed', error) })
    started.on('exit', () => { lose('its thread ended') })
    return started
  }

  async function call (method: StoreCall['method'], args: readonly unknown[]): Promise<unknown> {
    if (worker === null) throw new StoreUnavailableError(options.file, 'it is not open')
    const { id, answered } = waiting.add(method)
    worker.postMessage({ id, method, args } satisfies StoreCall)
    return await answered
  }

  async function end (): Promise<void> {
    const ending = worker
    worker = null
    await ending?.terminate()
    waiting.rejectAll('it was closed')
  }

  async function open (): Promise<void> {
    invariant(worker === null, 'the store is opened once')
    worker = start()
    try {
      await call('open', [])
    } catch (error) {
      await end()
      throw error
    }
  }

  async function close (): Promise<void> {
    if (worker === null) return
    try {
      await call('close', [])
    } finally {
      await end()
    }
  }

  return { open, close, call }
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: StoreError) => void
  readonly timer: NodeJS.Timeout
}

/** The calls that wait for an answer; bounded, and each for `deadlineMs` at most. */
function createWaiting (file: string, deadlineMs: number) {
  const waiting = new Map<number, Waiting>()
  let lastId = 0

  function settle (id: number, how: (call: Waiting) => void): void {
    const call = waiting.get(id)
    if (call === undefined) return // its deadline has passed
    waiting.delete(id)
    clearTimeout(call.timer)
    how(call)
  }

  return {
    add (method: string): { readonly id: number, readonly answered: Promise<unknown> } {
      if (waiting.size >= CALLS_MAX) throw new StoreUnavailableError(file, `${CALLS_MAX} calls wait for the disk`)
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const id = ++lastId
      const timer = setTimeout(() => {
        settle(id, call => { call.reject(new StoreUnavailableError(file, `no answer to ${method} within ${deadlineMs} ms`)) })
      }, deadlineMs)
      waiting.set(id, { resolve, reject, timer })
      return { id, answered: promise }
    },
    answer (answer: StoreAnswer): void {
      settle(answer.id, call => { answer.ok ? call.resolve(answer.value) : call.reject(errorOf(file, answer.failure)) })
    },
    rejectAll (why: string, cause?: unknown): void {
      for (const id of [...waiting.keys()]) settle(id, call => { call.reject(new StoreUnavailableError(file, why, cause)) })
    }
  }
}

function errorOf (file: string, failure: StoreFailure): StoreError {
  switch (failure.kind) {
    case 'version': return new StoreVersionError(file, failure.found)
    case 'corrupt': return new StoreCorruptError(file, failure.what)
    case 'conflict': return new StoreConflictError(failure.cluster)
    case 'other': {
      const cause = new Error(failure.message)
      const code = failure.sqlite === null ? null : failure.sqlite & 0xff
      if (code === SQLITE_BUSY) return new StoreLockedError(file, cause)
      if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return new StoreCorruptError(file, failure.message, cause)
      return new StoreUnavailableError(file, failure.message, cause)
    }
  }
}
