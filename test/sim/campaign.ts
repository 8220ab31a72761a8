import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ModeName } from './modes.ts'
import { add, EMPTY_SUMMARY, type Summary } from './summary.ts'
import type { FromWorker, Share } from './worker.ts'

/** A life leaves nothing behind, and the largest takes a third of this: whatever grows from run to run ends the campaign. */
const HEAP_MAX_MB = 192

export interface Campaign {
  readonly firstSeed: number
  readonly runs: number
  readonly mode: ModeName
  /** No new seed is begun after this long. */
  readonly deadlineMs: number
  readonly stopAtFirst: boolean
  readonly onProgress?: (progress: Progress) => void
}

/** Of all threads together. */
export interface Progress {
  readonly runs: number
  readonly simulatedMs: number
  readonly brokenSeeds: readonly number[]
}

/** Runs seeds on every core. */
export async function runCampaign ({ firstSeed, runs, mode, deadlineMs, stopAtFirst, onProgress = () => {} }: Campaign): Promise<Summary> {
  const workers = Math.min(availableParallelism(), runs)
  const shares = Array.from({ length: workers }, (_, at): Share => ({
    firstSeed: firstSeed + at, stride: workers, runs: Math.floor(runs / workers) + (at < runs % workers ? 1 : 0), mode, deadlineMs, stopAtFirst
  }))
  const told = new Map<Share, Progress>()
  const hear = (share: Share, progress: Progress): void => {
    told.set(share, progress)
    onProgress([...told.values()].reduce((a, b) => ({ runs: a.runs + b.runs, simulatedMs: a.simulatedMs + b.simulatedMs, brokenSeeds: [...a.brokenSeeds, ...b.brokenSeeds] })))
  }
  const summaries = await Promise.all(shares.map(share => runShare(import.meta.dirname, share, progress => hear(share, progress))))
  return summaries.reduce(add, EMPTY_SUMMARY)
}

/** In a thread of its own; `directory` holds the simulator beside the sources it shall run. */
export function runShare (directory: string, share: Share, onProgress: (progress: Progress) => void = () => {}): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(path.join(directory, 'worker.ts'), { workerData: share, resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB } })
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'ended') resolve(message.summary)
      else onProgress(message)
    })
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`a thread of the simulator ended with ${code} and without a result`)))
  })
}
