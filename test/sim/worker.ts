// One thread of the simulator: runs a share of the seeds with whatever copy of the cores lies beside it.
import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from './run-seed.ts'
import type { ModeName } from './modes.ts'
import { addRun, EMPTY_SUMMARY } from './summary.ts'

export interface Share {
  readonly firstSeed: number
  readonly runs: number
  readonly stride: number
  readonly mode: ModeName
  /** The run ends here although seeds are left. */
  readonly deadlineMs: number
  readonly stopAtFirst: boolean
}

const share = workerData as Share
const startedMs = performance.now()
let summary = EMPTY_SUMMARY
for (let at = 0; at < share.runs; at++) {
  if (performance.now() - startedMs > share.deadlineMs) break
  summary = addRun(summary, runSeed(share.firstSeed + at * share.stride, share.mode))
  if (share.stopAtFirst && summary.broken.length > 0) break
}
parentPort?.postMessage(summary)
