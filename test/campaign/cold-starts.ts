// Every host dies, one after the other in every order, with writes between the deaths; then all start at once. Whoever has
// the newest data must serve, and nothing acknowledged may be missing that it had.
import { ackedRows, rowsInFile, type Client } from '../chaos/clients.ts'
import { SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { dataHostsOf, type HostPlan } from '../testbed/plan.ts'
import { outsidePath } from '../testbed/product.ts'
import { newestEntryId, playRuns, tellHistory, until, whole, type Campaign, type Stage } from './campaign.ts'
import { startWriters, sum, type Written } from './writers.ts'

export interface ColdStartRun {
  readonly order: string
  readonly activeBefore: string
  /** Who could be written to last. */
  readonly activeLast: string
  readonly active: string
  readonly acked: number
  /** Acknowledged rows in each host's files when all were dead. */
  readonly held: Readonly<Record<string, number>>
  readonly missing: number
  readonly faults: readonly string[]
}

const ORDERS = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']
const WRITES = 30
const WRITERS = [{ server: 'nb', intervalMs: 2 }, { server: 'sb', intervalMs: 2 }] as const

export const coldStarts: Campaign = {
  proves: 'cold starts after all hosts died, in every order: the node with the newest data serves, and nothing it had is missing',
  runsDefault: ORDERS.length,
  testbed: {},
  async play (stage) {
    const { runs, violations } = await playRuns(stage, run => playOne(stage, ORDERS[(run - 1) % ORDERS.length] ?? ''), words)
    return {
      figures: {
        'cold starts': runs.length,
        orders: new Set(runs.map(({ order }) => order)).size,
        'the freshest became active': runs.filter(({ held, active }) => held[active] === Math.max(...Object.values(held))).length,
        'acknowledged writes': sum(runs.map(({ acked }) => acked)),
        missing: sum(runs.map(({ missing }) => missing))
      },
      runs,
      violations: [...violations, ...runs.flatMap(({ order, activeBefore, faults }) => faults.map(fault => `order ${order}, ${activeBefore} was active: ${fault}`))]
    }
  }
}

function words ({ order, activeBefore, activeLast, active, acked, held, missing, faults }: ColdStartRun): string {
  const holdings = Object.entries(held).map(([host, rows]) => `${host} ${rows}`).join(', ')
  return `deaths in order ${order}, active ${activeBefore}, last ${activeLast}: ${active} serves; ${acked} acknowledged (${holdings} of them), ${missing} missing${faults.length === 0 ? '' : `; WRONG: ${faults.join('; ')}`}`
}

async function playOne (stage: Stage, order: string): Promise<ColdStartRun> {
  const { testbed } = stage
  const { active: activeBefore } = await whole(stage)
  const before = await newestEntryId(stage)
  const writers = await startWriters(stage, `d${order}`, WRITERS)
  try {
    await writers.writeOn(WRITES)
    let activeLast = activeBefore
    for (const [index, host] of [...order].entries()) {
      await testbed.powerOffHost(host)
      // with one of three voters left nobody may serve
      if (index > 0) continue
      await writers.writeOn(WRITES)
      activeLast = await servingNow(stage, host)
    }
    await writers.stop()
    const held = Object.fromEntries(await Promise.all(dataHostsOf(testbed.plan).map(async host => [host.name, await heldBy(host, writers.clients)] as const)))
    await Promise.all([...order].map(host => testbed.startHost(host)))
    const { active } = await whole(stage)
    const written = await writers.verify()
    await writers.cleanUp()
    const acked = sum(written.map(one => one.acked.size))
    const missing = sum(written.map(one => one.missing))
    const faults = judge({ active, held, acked, missing }, written)
    if (faults.length > 0) await tellHistory(stage, before)
    return { order, activeBefore, activeLast, active, acked, held, missing, faults }
  } finally {
    await writers.stop()
  }
}

async function servingNow (stage: Stage, dead: string): Promise<string> {
  const api = await stage.testbed.api()
  return await until(stage, `another node than ${dead} to serve`, async () => {
    const view = await api.cluster().catch(() => null)
    return view !== null && view.state === 'serving' && view.active !== dead ? view.active : null
  })
}

/** How many of the acknowledged rows are in the files of a host that is off. */
async function heldBy (host: HostPlan, clients: readonly Client[]): Promise<number> {
  const counts = await Promise.all(clients.map(async client => {
    const server = SERVERS.find(({ database }) => database === client.database)!
    const rows = await rowsInFile(outsidePath(host, serverPaths(server.name).databaseFile), client.database)
    return (await ackedRows(client)).filter(({ row }) => rows.has(row)).length
  }))
  return sum(counts)
}

function judge ({ active, held, acked, missing }: Pick<ColdStartRun, 'active' | 'held' | 'acked' | 'missing'>, written: readonly Written[]): readonly string[] {
  const most = Math.max(...Object.values(held))
  const own = held[active] ?? 0
  const silent = written.filter(one => one.acked.size === 0)
  return [
    ...own < most ? [`${active} serves with ${own} of ${acked} acknowledged rows, and another node had ${most}`] : [],
    ...missing > acked - own ? [`${missing} acknowledged rows are missing, and ${active} had all but ${acked - own}`] : [],
    ...silent.length > 0 ? ['a client wrote nothing'] : []
  ]
}
