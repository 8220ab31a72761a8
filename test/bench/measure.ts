// One run: a client writes, something happens, and its longest silence is what counts.
import { readFile, rm } from 'node:fs/promises'
import type { HistoryList, OperationView } from '../../protocol/api.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import { whatIsMissing } from '../testbed/controller-api.ts'
import { poll } from '../testbed/wait.ts'
import { startProbe, type ProbeReport } from '../testbed/probe.ts'
import type { Testbed } from '../testbed/testbed.ts'
import type { EventPlan } from './events.ts'

export interface Measurement {
  readonly from: string
  readonly to: string
  /** Between the last write that was acknowledged before the change and the first one after it. */
  readonly outageMs: number
  readonly ackedWrites: number
  /** Acknowledged, and not there afterwards. */
  readonly lostWrites: number
  /** From the event until the controller began the change: what detection and the old active's stop took. */
  readonly noticedMs: number
  /** From the change's own start to its end. */
  readonly changeMs: number
  /** From the end of the change to the client's next acknowledged write; below zero when it came before. */
  readonly clientMs: number
  readonly steps: OperationView['steps']
}

interface VerifyReport {
  readonly missing: number
}

const DEADLINE_MS = 60_000
/** The prober's own defaults but for what bounds the resolution of a silent loss (see its header). */
const RESOLUTION = ['--timeout-ms', '50', '--connect-ms', '25', '--outage-ms', '15']
/** Writes before the event, so that the connection is an old one, and after the change. */
const WRITES_AROUND = 100

export async function measure (testbed: Testbed, event: EventPlan, interrupt: AbortSignal): Promise<Measurement> {
  const until = <T>(what: string, ask: () => Promise<T | null>) => poll(async () => {
    interrupt.throwIfAborted()
    return await ask()
  }, { deadlineMs: DEADLINE_MS, what })
  const api = await testbed.api()
  const view = await until('every node to serve or to follow', async () => {
    const now = await api.cluster().catch(() => null)
    return now !== null && whatIsMissing(now) === '' ? now : null
  })
  const active = view.active ?? ''
  const before = (await historyOf(testbed))[0]?.id ?? 0

  const ackedFile = `${testbed.plan.directory}/bench-acked`
  await rm(ackedFile, { force: true })
  const writes = (count: number) => async () => await linesOf(ackedFile) >= count ? true : null
  const probe = testbed.probe({ args: [...RESOLUTION, '--acked-file', ackedFile] })
  try {
    await until('the prober to write', writes(WRITES_AROUND))
    const happenedMs = await event.happen(testbed, active)
    const operation = await until('a change of the active', () => endedAfter(testbed, before))
    const acked = await linesOf(ackedFile)
    await until('the prober to write again', writes(acked + WRITES_AROUND))
    const report = await probe.stop()
    const { missing } = await verify(testbed, ackedFile)
    await event.undo(testbed, active)
    await cleanUp(testbed)
    return toMeasurement({ active, operation, report, happenedMs, lostWrites: missing })
  } finally {
    await probe.stop()
  }
}

function toMeasurement ({ active, operation, report, happenedMs, lostWrites }: { active: string, operation: OperationView, report: ProbeReport, happenedMs: number, lostWrites: number }): Measurement {
  if (operation.outcome !== 'done' || operation.to === null) throw new TestbedError(`the ${operation.kind} ended ${operation.outcome}: ${operation.detail}`)
  const outages = report.outages.map(({ start, ms }) => ({ endMs: Date.parse(start) + ms, ms })).filter(outage => outage.endMs >= happenedMs)
  // none is longer than what the prober reports: the event cost less than that
  const longest = outages.reduce((most, one) => one.ms > most.ms ? one : most, { endMs: happenedMs, ms: 0 })
  const startMs = Date.parse(operation.startedAt)
  const changeMs = operation.durationMs ?? 0
  return {
    from: active,
    to: operation.to,
    outageMs: longest.ms,
    ackedWrites: report.acked,
    lostWrites,
    noticedMs: startMs - happenedMs,
    changeMs,
    clientMs: longest.endMs - startMs - changeMs,
    steps: operation.steps
  }
}

async function historyOf (testbed: Testbed) {
  const { body } = await (await testbed.api()).get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=100`)
  return body.entries
}

async function endedAfter (testbed: Testbed, id: number): Promise<OperationView | null> {
  const ended = (await historyOf(testbed)).filter(entry => entry.id > id).flatMap(({ operation }) => operation === undefined || operation.outcome === 'running' ? [] : [operation])
  return ended.at(-1) ?? null
}

async function verify ({ plan }: Testbed, ackedFile: string): Promise<VerifyReport> {
  return await startProbe<VerifyReport>(plan, `${plan.vip}:6641`, ['--verify', '--acked-file', ackedFile]).done
}

/** Each run begins with a database of the same size. */
async function cleanUp ({ plan }: Testbed): Promise<void> {
  await startProbe<object>(plan, `${plan.vip}:6641`, ['--cleanup']).done
}

/** One for each acknowledged write; none while the file is not there. */
const linesOf = (file: string) => readFile(file, 'utf8').then(text => text.split('\n').length - 1, () => 0)
