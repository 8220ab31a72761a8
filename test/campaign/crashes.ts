// Unplanned changes of the active under writing clients: what was lost is in the old active's rescue, and the product's own
// count of it is what the clients find, each time.
import { median } from '../bench/report.ts'
import type { HistoryEntry } from '../../protocol/api.ts'
import type { LossView } from '../../protocol/loss.ts'
import { keeperOf, type RescueView } from '../../protocol/rescue.ts'
import { rowsInFile } from '../chaos/clients.ts'
import { CLUSTER_NAME, SERVERS, type ServerName } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { outsidePath } from '../testbed/product.ts'
import { unpacked } from '../testbed/unpacked.ts'
import { changeAfter, disturbedSince, newestEntryId, playRuns, tellHistory, until, whole, type Campaign, type Stage } from './campaign.ts'
import { holdBack, letGo } from './held-back.ts'
import { longestOutageMs, startWriters, sum, type Written } from './writers.ts'

const VICTIMS = ['nb', 'sb', 'both servers', 'node'] as const
type Victim = typeof VICTIMS[number]

export interface CrashRun {
  readonly victim: Victim
  /** For how long nothing was replicated before the crash. */
  readonly heldBackMs: number
  readonly from: string
  readonly to: string
  readonly acked: number
  /** By server: what the clients miss, and what the product says is missing. */
  readonly lost: Readonly<Partial<Record<ServerName, { readonly missing: number, readonly unacknowledged: number, readonly told: number, readonly rescued: number }>>>
  readonly outageMs: number
  /** The active changed once more: nothing is concluded from this run. */
  readonly disturbed: boolean
  /** What the product said otherwise than it was. */
  readonly faults: readonly string[]
}

const WRITES_AROUND = 50
/** Well within `maxLag`: a longer one would be a hold, and rightly so. */
const HELD_BACK_MS = [100, 900] as const
const WRITERS = [{ server: 'nb', intervalMs: 0 }, { server: 'nb', intervalMs: 2 }, { server: 'sb', intervalMs: 0 }] as const

export const crashes: Campaign = {
  proves: 'crashes of the active under writing clients: every acknowledged write is there or in a rescue, and the product counts what is lost',
  runsDefault: 100,
  testbed: {},
  async play (stage) {
    const { runs, violations } = await playRuns(stage, run => playOne(stage, run), words)
    const outages = runs.map(({ outageMs }) => outageMs)
    const totals = (of: 'missing' | 'unacknowledged' | 'told' | 'rescued') => sum(runs.flatMap(({ lost }) => Object.values(lost).map(one => one[of])))
    return {
      figures: {
        failovers: runs.length,
        ...Object.fromEntries(VICTIMS.map(victim => [`of ${victim}`, runs.filter(run => run.victim === victim).length])),
        'with replication held back': runs.filter(({ heldBackMs }) => heldBackMs > 0).length,
        'acknowledged writes': sum(runs.map(({ acked }) => acked)),
        'missing after the failover': totals('missing'),
        'of them in the rescue': totals('rescued'),
        'runs in which something was lost': runs.filter(({ lost }) => Object.values(lost).some(({ missing }) => missing > 0)).length,
        'rows that the product said are lost': totals('told'),
        'of them never acknowledged': totals('unacknowledged'),
        'runs that another change disturbed (not judged)': runs.filter(({ disturbed }) => disturbed).length,
        'runs whose report was wrong': runs.filter(({ faults }) => faults.length > 0).length,
        'outage, median (ms)': median(outages),
        'outage, longest (ms)': Math.max(0, ...outages)
      },
      runs,
      violations: [...violations, ...runs.every(({ disturbed }) => disturbed) ? ['no run was undisturbed'] : [], ...runs.flatMap(({ victim, from, faults }, index) => faults.map(fault => `run ${index + 1} (${victim} of ${from}): ${fault}`))]
    }
  }
}

function words ({ victim, heldBackMs, from, to, outageMs, lost, disturbed, faults }: CrashRun): string {
  const found = Object.entries(lost).map(([server, { missing, told, unacknowledged }]) => `${server} ${missing} missing, ${told} told (${unacknowledged} never acknowledged)`)
  return `${victim} of ${from}${heldBackMs === 0 ? '' : `, held back for ${heldBackMs} ms`} -> ${to}, outage ${outageMs.toFixed(0)} ms; ${disturbed ? 'disturbed by another change' : found.join('; ')}${faults.length === 0 ? '' : `; WRONG: ${faults.join('; ')}`}`
}

async function playOne (stage: Stage, run: number): Promise<CrashRun> {
  const { testbed, random } = stage
  const { active: from } = await whole(stage)
  const victim = random.pick(VICTIMS)
  const heldBackMs = random.chance(0.4) ? random.whole(...HELD_BACK_MS) : 0
  const before = await newestEntryId(stage)
  const writers = await startWriters(stage, `c${run}`, WRITERS)
  try {
    await writers.writeOn(WRITES_AROUND)
    if (heldBackMs > 0) await holdBack(stage, from, heldBackMs)
    const crashedMs = Date.now()
    await crash(stage, from, victim)
    const change = await changeAfter(stage, before)
    await writers.writeOn(WRITES_AROUND)
    await writers.stop()
    if (victim === 'node') await testbed.startHost(from)
    else await letGo(stage, from)
    await whole(stage)
    const written = await writers.verify()
    const to = change.operation.to ?? ''
    const disturbed = await disturbedSince(stage, before, () => true)
    const judged = disturbed ? { lost: {}, faults: [] } : to === from ? judgeReturn(written) : await judge(stage, written, await lossesOf(stage, change.id, deadServers(victim)))
    await writers.cleanUp()
    if (disturbed || judged.faults.length > 0) await tellHistory(stage, before)
    return { disturbed, victim, heldBackMs, from, to, acked: sum(written.map(({ acked }) => acked.size)), outageMs: longestOutageMs(written, crashedMs), ...judged }
  } finally {
    await writers.stop()
  }
}

async function crash ({ testbed }: Stage, host: string, victim: Victim): Promise<void> {
  if (victim === 'node') await testbed.powerOffHost(host)
  else await Promise.all(deadServers(victim).map(server => testbed.killServer(host, server)))
}

function deadServers (victim: Victim): readonly ServerName[] {
  return victim === 'nb' || victim === 'sb' ? [victim] : SERVERS.map(({ name }) => name)
}

/** What the record of the change says, when the old active is back and was compared. A server that lived and handed over its last write lost nothing, and need not be. */
async function lossesOf (stage: Stage, id: number, servers: readonly ServerName[]): Promise<readonly LossView[]> {
  const api = await stage.testbed.api()
  return await until(stage, 'the record of the change to say what it lost', async () => {
    const { body } = await api.get<HistoryEntry>(`/v1/history/${id}`)
    const losses = body.operation?.losses ?? []
    return servers.every(name => losses.some(loss => loss.server === name)) ? losses : null
  })
}

type Judged = Pick<CrashRun, 'lost' | 'faults'>

/** The same node serves again, with its own file. */
function judgeReturn (written: readonly Written[]): Judged {
  const missing = sum(written.map(one => one.missing))
  return { lost: {}, faults: missing === 0 ? [] : [`${missing} acknowledged writes are missing on the node that they were written on`] }
}

async function judge (stage: Stage, written: readonly Written[], losses: readonly LossView[]): Promise<Judged> {
  const lost: Record<string, NonNullable<CrashRun['lost']['nb']>> = {}
  const faults: string[] = []
  for (const { name, database } of SERVERS) {
    const mine = written.filter(({ server }) => server === name)
    const loss = losses.find(({ server }) => server === name) ?? { missingRows: 0, changedRows: 0, problem: null, rescue: null }
    const kept = loss.rescue === null ? [] : await keptRows(stage, loss.rescue, database, mine[0]?.present ?? new Set())
    const acked = new Set(mine.flatMap(one => [...one.acked]))
    const missing = sum(mine.map(one => one.missing))
    const rescued = mine.flatMap(one => one.missingRows).filter(row => kept.includes(row)).length
    const unacknowledged = kept.filter(row => !acked.has(row)).length
    lost[name] = { missing, unacknowledged, told: loss.missingRows, rescued }
    if (loss.problem !== null) faults.push(`${name} was not compared: ${loss.problem}`)
    if (rescued !== missing) faults.push(`${missing - rescued} acknowledged rows of ${name} are neither there nor in the rescue`)
    if (loss.missingRows !== missing + unacknowledged) faults.push(`${name}: ${loss.missingRows} rows are said to be lost, and ${missing} acknowledged and ${unacknowledged} other ones are`)
    if (loss.changedRows !== 0) faults.push(`${name}: ${loss.changedRows} rows are said to have changed`)
    if (unacknowledged > mine.length) faults.push(`${name}: ${unacknowledged} rows that nobody was told of by ${mine.length} clients`)
  }
  return { lost, faults }
}

/** Names of the rows that only the rescue has, read past the product. */
async function keptRows ({ testbed }: Stage, rescue: string, database: string, present: ReadonlySet<string>): Promise<readonly string[]> {
  const { status, body } = await (await testbed.api()).get<RescueView>(`/v1/clusters/${CLUSTER_NAME}/rescues/${rescue}`)
  if (status !== 200) throw new Error(`the rescue ${rescue} is not there: ${status}, ${JSON.stringify(body)}`)
  const rows = await unpacked(outsidePath(hostOf(testbed.plan, keeperOf(rescue)), body.file), file => rowsInFile(file, database))
  return [...rows].filter(row => !present.has(row))
}
