// The store's own thread: an fsync on a slow disk stalls this thread and never the controller's decisions.
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../protocol/invariant.ts'
import { openEmbeddedFile, type EmbeddedFile, type EmbeddedFileOptions } from './embedded-file.ts'
import { StoreConflictError, StoreCorruptError, StoreVersionError } from './store-errors.ts'

export interface StoreCall {
  readonly id: number
  readonly method: keyof EmbeddedFile | 'open'
  readonly args: readonly unknown[]
}

/** An error crosses the thread as data. */
export type StoreFailure =
  | { readonly kind: 'version', readonly found: string }
  | { readonly kind: 'corrupt', readonly what: string }
  | { readonly kind: 'conflict', readonly cluster: string }
  /** `sqlite`: SQLite's extended result code, null when the failure is another one. */
  | { readonly kind: 'other', readonly message: string, readonly sqlite: number | null }

export type StoreAnswer =
  | { readonly id: number, readonly ok: true, readonly value: unknown }
  | { readonly id: number, readonly ok: false, readonly failure: StoreFailure }

const options = workerData as EmbeddedFileOptions
let opened: EmbeddedFile | null = null

function run ({ method, args }: StoreCall): unknown {
  if (method === 'open') {
    opened = openEmbeddedFile(options)
    return undefined
  }
  invariant(opened !== null, `${method} before open`)
  const call = opened[method] as (...values: readonly unknown[]) => unknown
  return call(...args)
}

function failureOf (error: unknown): StoreFailure {
  if (error instanceof StoreVersionError) return { kind: 'version', found: error.found }
  if (error instanceof StoreCorruptError) return { kind: 'corrupt', what: error.what }
  if (error instanceof StoreConflictError) return { kind: 'conflict', cluster: error.cluster ?? '' }
  const sqlite = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
  return { kind: 'other', message: error instanceof Error ? error.message : String(error), sqlite }
}

invariant(parentPort !== null, 'the store runs in a thread of its own')
const port = parentPort
port.on('message', (call: StoreCall) => {
  let answer: StoreAnswer
  try {
    answer = { id: call.id, ok: true, value: run(call) }
  } catch (error) {
    answer = { id: call.id, ok: false, failure: failureOf(error) }
  }
  port.postMessage(answer)
  if (call.method === 'close') port.close()
})
