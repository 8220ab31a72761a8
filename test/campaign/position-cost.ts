// What the heartbeats cost and what they are good for: processor time with them and nearly without, growth of their files,
// and the lag that a backup's agent tells while replication is held back for a known time.
import { stat } from 'node:fs/promises'
import { request } from 'undici'
import { median } from '../bench/report.ts'
import { AGENT_PORT, SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { dataHostsOf, type HostPlan } from '../testbed/plan.ts'
import { outsidePath } from '../testbed/product.ts'
import { createTestbed, type Testbed } from '../testbed/testbed.ts'
import { until, whole, type Campaign, type Stage } from './campaign.ts'
import { heldBack } from './held-back.ts'
import { processorMs } from './processor-time.ts'
import { sum } from './writers.ts'

export interface PositionCostRun {
  /** Share of one core that agent and servers of a node used, in percent. */
  readonly processorPercent: Readonly<Record<string, number>>
  /** Bytes by which the heartbeat files of a node grew in an hour, at this rate; 0 where one was compacted meanwhile. */
  readonly growthBytesPerHour: Readonly<Record<string, number>>
  readonly largestFileBytes: number
  readonly injectedSeconds: number
  /** By the metric of a backup's agent. */
  readonly toldSeconds: number
}

const WINDOW_MS = 5_000
const HELD_BACK_MS = 8_000
const HOUR_MS = 3_600_000
const SCRAPE_TIMEOUT_MS = 5_000
/** As rare as the configuration lets them be. */
const RARE = { heartbeatEvery: '60s' }
const BOUND = { processorPercent: 1, fileBytes: 1024 * 1024, lagErrorPercent: 20 } as const

export const positionCost: Campaign = {
  proves: 'the position costs little: processor time, growth of its files; and the lag that is told is the lag there is',
  runsDefault: 10,
  testbed: {},
  async play (stage) {
    const runs: PositionCostRun[] = []
    for (let run = 1; run <= stage.runs; run++) {
      runs.push(await playOne(stage))
      stage.tell(`${run}/${stage.runs}: ${words(runs.at(-1)!)}`)
    }
    const { index } = stage.testbed.plan
    await stage.testbed.down()
    const rare = await measureRare(stage, createTestbed({ index, ovs: stage.testbed.options.ovs, timing: RARE }))
    return conclude(runs, rare)
  }
}

function words ({ processorPercent, largestFileBytes, injectedSeconds, toldSeconds }: PositionCostRun): string {
  const shares = Object.entries(processorPercent).map(([node, percent]) => `${node} ${percent.toFixed(2)} %`)
  return `${shares.join(', ')} of a core; largest heartbeat file ${largestFileBytes} bytes; held back for ${injectedSeconds.toFixed(1)} s, told ${toldSeconds.toFixed(1)} s`
}

async function playOne (stage: Stage): Promise<PositionCostRun> {
  const { active } = await whole(stage)
  const { plan } = stage.testbed
  const before = await Promise.all(dataHostsOf(plan).map(fileBytes))
  const { processorPercent, elapsedMs } = await measureWindow(stage, stage.testbed)
  const after = await Promise.all(dataHostsOf(plan).map(fileBytes))
  const backup = dataHostsOf(plan).find(({ name }) => name !== active)!
  const { elapsedSeconds, result } = await heldBack(stage, active, HELD_BACK_MS, () => toldLag(backup))
  return {
    processorPercent,
    growthBytesPerHour: Object.fromEntries(dataHostsOf(plan).map(({ name }, index) => [name, Math.max(0, (sum(after[index]!) - sum(before[index]!)) / elapsedMs * HOUR_MS)])),
    largestFileBytes: Math.max(...after.flat()),
    injectedSeconds: elapsedSeconds,
    toldSeconds: result
  }
}

async function measureWindow (stage: Stage, { plan }: Testbed): Promise<{ readonly processorPercent: Readonly<Record<string, number>>, readonly elapsedMs: number }> {
  const used = () => Promise.all(dataHostsOf(plan).map(processorMs))
  const startMs = performance.now()
  const before = await used()
  await until(stage, 'the time to be over', async () => performance.now() - startMs >= WINDOW_MS ? true : null)
  const after = await used()
  const elapsedMs = performance.now() - startMs
  return { elapsedMs, processorPercent: Object.fromEntries(dataHostsOf(plan).map(({ name }, index) => [name, (after[index]! - before[index]!) / elapsedMs * 100])) }
}

/** The same without heartbeats that would matter; medians over as many windows. */
async function measureRare (stage: Stage, testbed: Testbed): Promise<readonly number[]> {
  await testbed.up({ signal: stage.interrupt })
  try {
    const shares: number[] = []
    for (let run = 1; run <= stage.runs; run++) {
      const { processorPercent } = await measureWindow(stage, testbed)
      shares.push(...Object.values(processorPercent))
    }
    return shares
  } finally {
    await testbed.down()
  }
}

function fileBytes (host: HostPlan): Promise<readonly number[]> {
  return Promise.all(SERVERS.map(async ({ name }) => (await stat(outsidePath(host, serverPaths(name).databaseFile).replace(/\.db$/, '.heartbeat.db'))).size))
}

/** The largest of the node's servers. */
async function toldLag ({ address }: HostPlan): Promise<number> {
  const reply = await request(`http://${address}:${AGENT_PORT}/metrics`, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) })
  const values = [...(await reply.body.text()).matchAll(/^ovsdb_ha_replication_lag_seconds\{[^}]*\} (\S+)$/gm)].map(([, value]) => Number(value))
  if (values.length !== SERVERS.length) throw new Error(`the agent at ${address} tells the lag of ${values.length} servers`)
  return Math.max(...values)
}

function conclude (runs: readonly PositionCostRun[], rareShares: readonly number[]) {
  const withPercent = median(runs.flatMap(({ processorPercent }) => Object.values(processorPercent)))
  const rarePercent = median(rareShares)
  const largest = Math.max(...runs.map(({ largestFileBytes }) => largestFileBytes))
  const errors = runs.map(({ injectedSeconds, toldSeconds }) => Math.abs(toldSeconds - injectedSeconds) / injectedSeconds * 100)
  const cost = withPercent - rarePercent
  return {
    figures: {
      'agent and servers of a node, median (% of a core)': withPercent,
      'with a heartbeat a minute (% of a core)': rarePercent,
      'cost of the heartbeats (% of a core)': cost,
      'growth of the heartbeat files, median (bytes in an hour)': median(runs.flatMap(({ growthBytesPerHour }) => Object.values(growthBytesPerHour))),
      'largest heartbeat file (bytes)': largest,
      'error of the lag, median (%)': median(errors),
      'error of the lag, largest (%)': Math.max(...errors)
    },
    runs,
    violations: [
      ...cost > BOUND.processorPercent ? [`the heartbeats cost ${cost.toFixed(2)} % of a core`] : [],
      ...largest > BOUND.fileBytes ? [`a heartbeat file has ${largest} bytes`] : [],
      ...runs.filter((_, index) => (errors[index] ?? 0) > BOUND.lagErrorPercent).map(({ injectedSeconds, toldSeconds }) => `replication was held back for ${injectedSeconds.toFixed(1)} s, and the agent told ${toldSeconds.toFixed(1)} s`)
    ]
  }
}
