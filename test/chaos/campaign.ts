// A campaign: rounds of faults under writing clients, each followed by healing, convergence and a count of every row.
import type { HistoryEntry, HistoryList } from '../../protocol/api.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { TestbedError } from '../testbed/command.ts'
import type { Observer } from '../testbed/observer.ts'
import { leaderOf } from '../testbed/controllers-api.ts'
import { controllersOf, dataHostsOf, nodesOf, redisHostsOf } from '../testbed/plan.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import { ackedRows, outagesOf, presentRows, removeRows, startClients, writeBallast, type Client, type RoundClients } from './clients.ts'
import { drawRound, kindsOf, ROUND_MS, type FaultKind, type Layout } from './faults.ts'
import { converge, heal } from './heal.ts'
import { createErrorWatch } from './internal-errors.ts'
import { directWrites, endedOperations, judgeRows, rowsLost, staleActives, termsBack, twoActives, untoldChanges, type Violation } from './judgement.ts'
import { keepEvidence } from './evidence.ts'
import { createRescueShelf, type RescueShelf } from './rescues.ts'
import { toReport, type ChaosReport, type Findings, type RowTally } from './report.ts'
import { playRound } from './round.ts'
import { createStrikes } from './strike.ts'
import type { Blow, ClientOutage } from './timeline.ts'
import { duration } from '../../cli/render/time.ts'

export interface CampaignOptions {
  readonly testbed: Testbed
  readonly seed: number
  readonly minutes: number
  readonly kinds: readonly FaultKind[]
  /** Keep logs and databases also when nothing was found. */
  readonly keep: boolean
  readonly interrupt: AbortSignal
  readonly tell: (text: string) => void
}

/** After healing, everything serves or follows again within this time. */
export const CONVERGENCE_BOUND_MS = 30_000
const WRITES_TO_SEE = 10
const WRITES_DEADLINE_MS = 20_000
const HISTORY_PAGE = 1_000
/** How much of the history is asked for each second: a store may forget it any time. */
const RECENT = 50
/** A campaign goes on after a violation, but not for ever. */
const VIOLATIONS_MAX = 10

/** Everything that was found so far; one campaign, one of these. */
interface Record {
  readonly blows: Blow[]
  readonly entries: HistoryEntry[]
  readonly outages: ClientOutage[]
  readonly convergencesMs: number[]
  readonly looks: Array<{ readonly term: number, readonly atMs: number }>
  readonly violations: Violation[]
  rows: RowTally
  direct: ChaosReport['direct']
}

interface Stage extends CampaignOptions {
  readonly observer: Observer
  readonly shelf: RescueShelf
  readonly record: Record
  readonly internalErrors: () => Promise<readonly Violation[]>
}

/** The testbed is up and serves. Resolves to the report; rejects when it was interrupted or the testbed itself failed. */
export async function runCampaign (options: CampaignOptions): Promise<ChaosReport> {
  const { testbed, seed, minutes, interrupt, tell } = options
  const startMs = performance.now()
  const observer = await testbed.observe()
  const record: Record = {
    blows: [],
    entries: [],
    outages: [],
    convergencesMs: [],
    looks: [],
    violations: [],
    rows: { acked: 0, present: 0, rescued: 0, told: 0, lost: 0 },
    direct: { attempts: 0, accepted: 0 }
  }
  const stage: Stage = { ...options, observer, record, shelf: await createRescueShelf(testbed.plan), internalErrors: createErrorWatch(testbed.plan) }
  const strikes = createStrikes(testbed)
  const hosts = hostsOf(testbed)
  const layout = { ...hosts, kinds: kindsOf(options.kinds, hosts) }
  const leftMs = () => minutes * 60_000 - (performance.now() - startMs)
  const ballast = await writeBallast(testbed)
  let earlier: readonly Client[] = []
  tell('the cluster serves; the first round begins')
  for (let round = 0; leftMs() > 0 && record.violations.length < VIOLATIONS_MAX; round++) {
    interrupt.throwIfAborted()
    const clients = await startClients(testbed, round)
    try {
      const blows = await playRound({
        round,
        faults: drawRound(layout, seed, round),
        endMs: Math.min(ROUND_MS, leftMs()),
        strikes,
        interrupt,
        serving: observer.lastServing,
        leading: async () => await leaderOf(await testbed.api()),
        dataNodes: layout.dataNodes,
        controllers: layout.controllers,
        meanwhile: async () => {
          await stage.shelf.collect()
          if (layout.redis.length > 0) await collectHistory(stage, RECENT)
        }
      })
      record.blows.push(...blows)
      interrupt.throwIfAborted()
      if (!await recover(stage, clients)) break
    } finally {
      await stopClients(clients)
    }
    await count(stage, clients, { ballast, earlier })
    earlier = clients.through
    tell(tellRound(stage, round))
  }
  const seen = await observer.stop()
  record.violations.push(...twoActives(seen.conflicts, wallOffsetMs()), ...termsBack(record.looks))
  return await conclude(options, { ...findings(options, record), elapsedMs: performance.now() - startMs, observer: seen }, record)
}

function hostsOf ({ plan }: Testbed): Omit<Layout, 'kinds'> {
  const names = (hosts: readonly { readonly name: string }[]) => hosts.map(({ name }) => name)
  return { nodes: names(nodesOf(plan)), dataNodes: names(dataHostsOf(plan)), controllers: names(controllersOf(plan)), redis: names(redisHostsOf(plan)) }
}

/** False: it did not converge, and nothing that would be found after that could be trusted. */
async function recover (stage: Stage, clients: RoundClients): Promise<boolean> {
  const { testbed, interrupt, record } = stage
  await heal(testbed, interrupt)
  const healedMs = Date.now()
  try {
    const { tookMs, view } = await converge(testbed, CONVERGENCE_BOUND_MS)
    record.convergencesMs.push(tookMs)
    record.looks.push({ term: view.term, atMs: Date.now() })
    await Promise.all(clients.through.map(writesGoOn))
    return true
  } catch (error) {
    if (!(error instanceof TestbedError)) throw error
    record.violations.push({ rule: 'notConverged', atMs: healedMs, message: error.message })
    await collectHistory(stage, HISTORY_PAGE)
    return false
  }
}

async function writesGoOn (client: Client): Promise<void> {
  const before = (await ackedRows(client)).length
  await poll(async () => (await ackedRows(client)).length >= before + WRITES_TO_SEE ? true : null, { deadlineMs: WRITES_DEADLINE_MS, everyMs: 100, what: `writes of ${client.name} to be acknowledged` })
}

async function stopClients ({ through, direct }: RoundClients): Promise<void> {
  await Promise.allSettled([...through, direct].map(client => client.probe.stop()))
}

/** Every row of this round and of the one before: what is there once must stay. Rows that were counted twice are removed. */
async function count (stage: Stage, { through, direct }: RoundClients, { ballast, earlier }: { readonly ballast: readonly Client[], readonly earlier: readonly Client[] }): Promise<void> {
  const { testbed, record, shelf } = stage
  if (!await collectHistory(stage, HISTORY_PAGE)) throw new TestbedError('the history cannot be read')
  await shelf.collect()
  for (const client of through) {
    record.outages.push(...outagesOf(client, await client.probe.done))
    const { acked, present, rescued, told, lost } = await judge(stage, client)
    const { rows } = record
    record.rows = { acked: rows.acked + acked, present: rows.present + present, rescued: rows.rescued + rescued, told: rows.told + told, lost: rows.lost + lost }
  }
  for (const client of [...ballast, ...earlier]) await judge(stage, client)
  for (const client of earlier) await removeRows(testbed, client)
  const report = await direct.probe.done
  const accepted = await ackedRows(direct)
  record.direct = { attempts: record.direct.attempts + report.attempts + sum(Object.values(report.errors)), accepted: record.direct.accepted + accepted.length }
  record.violations.push(...directWrites(accepted), ...await stage.internalErrors())
}

async function judge ({ testbed, record, shelf, observer }: Stage, client: Client): Promise<RowTally> {
  const [acked, present] = await Promise.all([ackedRows(client), presentRows(testbed, client)])
  const rescued = await shelf.find(client.database, acked.filter(({ row }) => !present.has(row)))
  const { tenures } = observer.report()
  const told = endedOperations(record.entries)
  const verdict = judgeRows(acked, present, rescued, [...told, ...untoldChanges(tenures, told, wallOffsetMs())])
  const found = [...rowsLost(client.run, verdict), ...staleActives(client.run, verdict, rescued, tenures, wallOffsetMs())]
  const known = new Set(record.violations.map(({ message }) => message))
  record.violations.push(...found.filter(({ message }) => !known.has(message)))
  return { acked: acked.length, present: verdict.present, rescued: verdict.rescued.length, told: verdict.told.length, lost: verdict.lost.length }
}

/**
 * Takes over what the history says that is not known yet: page by page, until one has nothing new. A store that is flushed
 * forgets what nobody has read by then. Resolves to whether the controllers told all of it.
 */
async function collectHistory ({ testbed, record }: Stage, pageSize: number): Promise<boolean> {
  const api = await testbed.api()
  const known = new Set(record.entries.map(({ id }) => id))
  const found: HistoryEntry[] = []
  let told = false
  for (let before = ''; !told;) {
    const reply = await api.get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=${pageSize}${before}`).catch(() => null)
    if (reply?.status !== 200) break
    const { entries } = reply.body
    const unknown = entries.filter(({ id }) => !known.has(id))
    found.push(...unknown)
    told = unknown.length === 0
    before = `&before=${entries.at(-1)?.id}`
  }
  record.entries.push(...found)
  record.entries.sort((a, b) => a.id - b.id)
  return told
}

function findings ({ seed, minutes, testbed }: CampaignOptions, record: Record): Omit<Findings, 'elapsedMs' | 'observer'> {
  const { blows, rows, direct, outages, convergencesMs, violations, entries } = record
  return {
    seed,
    minutes,
    blows,
    entries,
    rows,
    direct,
    outages,
    convergencesMs,
    violations,
    ovs: testbed.options.ovs,
    controllers: hostsOf(testbed).controllers.length,
    redis: hostsOf(testbed).redis.length,
    boundMs: CONVERGENCE_BOUND_MS
  }
}

async function conclude ({ testbed, seed, keep }: CampaignOptions, found: Findings, { blows, entries }: Record): Promise<ChaosReport> {
  const report = toReport(found)
  if (report.violations.length === 0 && !keep) return report
  return { ...report, kept: await keepEvidence(testbed.plan, seed, { blows, entries }) }
}

function tellRound ({ record }: Stage, round: number): string {
  const blows = record.blows.filter(blow => blow.round === round && !blow.missed)
  const { acked, rescued, told, lost } = record.rows
  return `round ${round + 1}: ${blows.length} faults, converged after ${duration(record.convergencesMs.at(-1) ?? 0)}; so far ${acked} rows acknowledged, ${rescued} in rescues, ${told} lost as told, ${lost} lost, ${record.violations.length} violations`
}

/** From the observer's clock, which all hosts share, to the clients'. */
const wallOffsetMs = () => Date.now() - Number(process.hrtime.bigint()) / 1e6

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
