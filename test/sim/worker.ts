// One thread of the simulator: runs a share of the seeds with whatever copy of the cores lies beside it.
import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from './run-seed.ts'
import type { ModeName } from './modes.ts'
import { addRun, EMPTY_SUMMARY, type Summary } from './summary.ts'

export interface Share {
  readonly firstSeed: number
  readonly runs: number
  readonly stride: number
  readonly mode: ModeName
  /** The run ends here although seeds are left. */
  readonly deadlineMs: number
  readonly stopAtFirst: boolean
}

/** How far a share is, now and then and after its first run; then all that it found. */
export type FromWorker =
  | { readonly type: 'progress', readonly runs: number, readonly simulatedMs: number, readonly brokenSeeds: readonly number[] }
  | { readonly type: 'ended', readonly summary: Summary }

const PROGRESS_EVERY_MS = 1_000

function say (message: FromWorker): void {
  parentPort?.postMessage(message)
}

const share = workerData as Share
const startedMs = performance.now()
let summary = EMPTY_SUMMARY
let toldAtMs = -Infinity
for (let at = 0; at < share.runs; at++) {
  if (performance.now() - startedMs > share.deadlineMs) break
  summary = addRun(summary, runSeed(share.firstSeed + at * share.stride, share.mode))
  if (performance.now() - toldAtMs >= PROGRESS_EVERY_MS) {
    toldAtMs = performance.now()
    say({ type: 'progress', runs: summary.runs, simulatedMs: summary.simulatedMs, brokenSeeds: summary.broken.map(({ seed }) => seed) })
  }
  if (share.stopAtFirst && summary.broken.length > 0) break
}
say({ type: 'ended', summary })
