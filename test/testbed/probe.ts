import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { TestbedError } from './command.ts'
import { probeProgram } from './environment.ts'
import { namespacePath } from './network.ts'
import { hostOf, type TestbedPlan } from './plan.ts'

/** The report of ovsdb-probe.mjs; its head explains the fields. */
export interface ProbeReport {
  readonly run: string
  readonly attempts: number
  readonly acked: number
  readonly first_ack_ms: number | null
  readonly longest_outage_ms: number
  readonly outages: ReadonlyArray<{ readonly start: string, readonly ms: number, readonly errors: Readonly<Record<string, number>>, readonly open?: boolean }>
  readonly errors: Readonly<Record<string, number>>
  readonly latency_ms: { readonly p50: number, readonly p99: number, readonly max: number }
}

export interface ProbeRun<Report> {
  /** Resolves to the report when the probe has ended. */
  readonly done: Promise<Report>
  /** Asks the probe to end, and resolves to its report. */
  readonly stop: () => Promise<Report>
}

const STOP_DEADLINE_MS = 35_000

/** Starts the neutral prober in the client's namespace. Its files (`--acked-file`) are the root namespace's. */
export function startProbe<Report = ProbeReport> (plan: TestbedPlan, target: string, args: readonly string[]): ProbeRun<Report> {
  const child = spawn('nsenter', [
    `--net=${namespacePath(hostOf(plan, 'client').namespace)}`, process.execPath, probeProgram(), '--target', target, ...args
  ], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-2_000) })
  const done = once(child, 'close').then(([code, signalName]) => {
    // --verify ends with 1, and a report, when acknowledged writes are missing: that is for the caller to judge
    if (stdout === '') throw new TestbedError(`the probe ended with ${code ?? signalName} and no report: ${stderr}`)
    return JSON.parse(stdout) as Report
  })
  done.catch(() => { /* whoever waits for `done` or `stop` gets it; until then it must not end the process */ })
  return {
    done,
    stop: async () => {
      child.kill('SIGTERM')
      const hardStop = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
      return await done.finally(() => clearTimeout(hardStop))
    }
  }
}
