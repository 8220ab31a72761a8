// Restarts of the active's agent under clients that write hundreds of times a second, as an upgrade or a crash of it does: nothing moves.
import { writeFile } from 'node:fs/promises'
import { median } from '../bench/report.ts'
import { hostOf } from '../testbed/plan.ts'
import { processesIn } from '../testbed/processes.ts'
import { findProcess, signalProcess, type ProcessName } from '../testbed/product.ts'
import { history, newestEntryId, playRuns, tellHistory, until, whole, type Campaign, type Stage } from './campaign.ts'
import { longestOutageMs, startWriters, sum } from './writers.ts'

/** In order, as `systemctl restart` and an upgrade do it, or by its death. */
const ENDS = ['SIGTERM', 'SIGKILL'] as const

export interface RestartRun {
  readonly node: string
  readonly signal: typeof ENDS[number]
  /** From the signal until the cluster was whole again, as the controller sees it. */
  readonly wholeMs: number
  readonly acked: number
  readonly missing: number
  readonly outageMs: number
  /** The same clients' longest silence while they wrote as much before it: what the machine does without any restart. */
  readonly quietMs: number
  /** What changed although nothing should have; null when nothing did. */
  readonly moved: string | null
}

/** Clients that take all processors would measure those, and not the service. */
const INTERVAL_MS = 2
/** About as many as are written while an agent restarts. */
const WRITES_BEFORE = 600
const WRITES_AFTER = 200
/** Three nodes, their clients and a controller share the machine's processors here: a start takes several times as long as on a host of its own (ADR 4). */
const TIMING = { lease: '6s', renewEvery: '1s' } as const
/** What was promised for each restart. */
const OUTAGE_MAX_MS = 50

export const restarts: Campaign = {
  proves: 'restarts of the active\'s agent under writing clients: the active stays, in its term, and clients notice nothing',
  runsDefault: 20,
  testbed: { timing: TIMING },
  async play (stage) {
    const { runs, violations } = await playRuns(stage, run => playOne(stage, run), words)
    const [outages, quiet] = [runs.map(({ outageMs }) => outageMs), runs.map(({ quietMs }) => quietMs)]
    return {
      figures: {
        restarts: runs.length,
        'active or term changed': runs.filter(({ moved }) => moved !== null).length,
        'acknowledged writes': sum(runs.map(({ acked }) => acked)),
        missing: sum(runs.map(({ missing }) => missing)),
        'outage, median (ms)': median(outages),
        'outage, longest (ms)': Math.max(0, ...outages),
        [`outages over ${OUTAGE_MAX_MS} ms`]: outages.filter(outageMs => outageMs > OUTAGE_MAX_MS).length,
        'without a restart, median (ms)': median(quiet),
        'without a restart, longest (ms)': Math.max(0, ...quiet),
        'whole again, median (ms)': median(runs.map(({ wholeMs }) => wholeMs))
      },
      runs,
      violations: [
        ...violations,
        ...runs.flatMap(({ node, signal, moved }) => moved === null ? [] : [`${signal} of the agent on ${node}: ${moved}`]),
        ...runs.flatMap(({ node, signal, missing }) => missing === 0 ? [] : [`${signal} of the agent on ${node}: ${missing} acknowledged writes are missing`])
      ]
    }
  }
}

function words ({ node, signal, wholeMs, acked, missing, outageMs, quietMs, moved }: RestartRun): string {
  return `${signal} on ${node}, outage ${outageMs.toFixed(1)} ms (without a restart ${quietMs.toFixed(1)} ms), whole after ${wholeMs.toFixed(0)} ms, ${acked} acknowledged, ${missing} missing${moved === null ? '' : `, ${moved}`}`
}

/** How far before others a process comes: the kernel groups processes by session, and a nice value counts within its group only. */
const [SERVICE_FIRST, AGENT_NEXT] = ['-20', '-10']

/**
 * In reality a host's servers have processors that its starting agent does not take, and clients are elsewhere; here all share the
 * machine's. So the service and its clients come first, then the agent, as its unit's weight says, then all others.
 */
async function weigh ({ testbed }: Stage, host: string, weight: string, name: ProcessName | null = null): Promise<void> {
  const { namespace } = hostOf(testbed.plan, host)
  const processes = name === null ? await processesIn(namespace) : [await findProcess(hostOf(testbed.plan, host), name)]
  // one that has just ended needs none, and not every kernel has such groups
  await Promise.all(processes.map(async process => { if (process !== null) await writeFile(`/proc/${process.pid}/autogroup`, weight).catch(() => undefined) }))
}

async function playOne (stage: Stage, run: number): Promise<RestartRun> {
  const { testbed } = stage
  const signal = ENDS[run % ENDS.length]!
  const { active: node, term } = await whole(stage)
  const before = await newestEntryId(stage)
  const writers = await startWriters(stage, `r${run}`, [{ server: 'nb', intervalMs: INTERVAL_MS }, { server: 'sb', intervalMs: INTERVAL_MS }])
  try {
    for (const host of [node, 'client']) await weigh(stage, host, SERVICE_FIRST)
    await writers.writeOn(WRITES_BEFORE)
    const [askedMs, startMs] = [Date.now(), performance.now()]
    const host = hostOf(testbed.plan, node)
    await signalProcess(host, 'agent', signal)
    await until(stage, `the agent of ${node} to be gone`, async () => await findProcess(host, 'agent') === null ? true : null)
    await testbed.startAgent(node)
    await weigh(stage, node, AGENT_NEXT, 'agent')
    await until(stage, `the new agent of ${node} to find its servers`, async () => (await history(stage).catch(() => [])).find(entry => entry.id > before && entry.node === node && entry.kind === 'serverStarted') ?? null)
    const after = await whole(stage)
    const wholeMs = performance.now() - startMs
    await writers.writeOn(WRITES_AFTER)
    const written = await writers.verify()
    const moved = after.active === node && after.term === term ? null : `${after.active} serves in term ${after.term} instead of ${node} in ${term}`
    await writers.cleanUp()
    if (moved !== null) await tellHistory(stage, before)
    return { node, signal, wholeMs, acked: sum(written.map(({ acked }) => acked.size)), missing: sum(written.map(({ missing }) => missing)), outageMs: longestOutageMs(written, askedMs), quietMs: longestOutageMs(written, 0, askedMs), moved }
  } finally {
    await writers.stop()
  }
}
