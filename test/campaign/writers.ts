// The clients of one run: neutral probers that write through the virtual address, one transaction after the other.
import { rm } from 'node:fs/promises'
import { ackedRows, presentRows, type Client } from '../chaos/clients.ts'
import { SERVERS, type ServerName } from '../testbed/cluster-file.ts'
import { startProbe, type ProbeReport } from '../testbed/probe.ts'
import { until, type Stage } from './campaign.ts'

export interface WriterSpec {
  readonly server: ServerName
  /** 0 is as fast as it can. */
  readonly intervalMs: number
}

export interface Written {
  readonly server: ServerName
  readonly report: ProbeReport
  /** Acknowledged, and not in the database, as the prober's own `--verify` counts them. */
  readonly missing: number
  readonly acked: ReadonlySet<string>
  /** Names of the acknowledged rows that are missing. */
  readonly missingRows: readonly string[]
  /** Every name in the database. */
  readonly present: ReadonlySet<string>
}

export interface Writers {
  readonly clients: readonly Client[]
  /** Resolves when each of them had so many more writes acknowledged. */
  readonly writeOn: (writes: number) => Promise<void>
  readonly stop: () => Promise<void>
  /** Stops them and looks for every acknowledged row. */
  readonly verify: () => Promise<readonly Written[]>
  /** Removes their rows: each run begins with a database of the same size. */
  readonly cleanUp: () => Promise<void>
}

interface Verified { readonly acked: number, readonly missing: number }

/** Bounds the resolution of a silent loss: see the prober's head. */
const RESOLUTION = ['--timeout-ms', '200', '--connect-ms', '100', '--outage-ms', '1']

export async function startWriters (stage: Stage, label: string, specs: readonly WriterSpec[]): Promise<Writers> {
  const clients = await Promise.all(specs.map((spec, index) => startWriter(stage, `${label}-${spec.server}${index}`, spec)))

  async function writeOn (writes: number): Promise<void> {
    await Promise.all(clients.map(async ({ client }) => {
      const before = (await ackedRows(client)).length
      await until(stage, `${client.name} to write`, async () => (await ackedRows(client)).length >= before + writes ? true : null)
    }))
  }

  return {
    clients: clients.map(({ client }) => client),
    writeOn,
    stop: async () => { await Promise.allSettled(clients.map(({ client }) => client.probe.stop())) },
    verify: async () => await Promise.all(clients.map(({ client, spec }) => verifyOne(stage, client, spec))),
    cleanUp: async () => {
      for (const { client: { target, database, run, ackedFile } } of clients) {
        await askedAgain(stage, `the rows of ${run} to be removed`, () => stage.testbed.probe({ target, args: ['--cleanup', '--db', database, '--run', run] }).done)
        await rm(ackedFile, { force: true })
      }
    }
  }
}

async function startWriter ({ testbed }: Stage, run: string, spec: WriterSpec): Promise<{ readonly client: Client, readonly spec: WriterSpec }> {
  const { database, port } = SERVERS.find(({ name }) => name === spec.server)!
  const ackedFile = `${testbed.plan.directory}/acked-${run}`
  const target = `${testbed.plan.vip}:${port}`
  await rm(ackedFile, { force: true })
  const probe = testbed.probe({ target, args: ['--run', run, '--db', database, '--acked-file', ackedFile, '--interval-ms', String(spec.intervalMs), ...RESOLUTION] })
  return { client: { name: run, run, database, target, ackedFile, probe }, spec }
}

/** Whoever serves may just change once more, on a machine that is too busy. */
async function askedAgain<T> (stage: Stage, what: string, ask: () => Promise<T>): Promise<T> {
  return await until(stage, what, () => ask().catch((error: Error) => {
    stage.tell(`waiting for ${what}: ${error.message}`)
    return null
  }))
}

async function verifyOne (stage: Stage, client: Client, { server }: WriterSpec): Promise<Written> {
  const { testbed } = stage
  const report = await client.probe.stop()
  const { target, database, run, ackedFile } = client
  const verified = await askedAgain(stage, `${run} to be verified`, () => startProbe<Verified>(testbed.plan, target, ['--verify', '--acked-file', ackedFile, '--db', database, '--run', run]).done)
  const acked = (await ackedRows(client)).map(({ row }) => row)
  if (verified.acked !== report.acked || acked.length !== report.acked) throw new Error(`${run}: ${report.acked} writes were acknowledged, and ${verified.acked} were looked for`)
  const present = await askedAgain(stage, `the rows of ${run}`, () => presentRows(testbed, client))
  return { server, report, missing: verified.missing, acked: new Set(acked), missingRows: acked.filter(row => !present.has(row)), present }
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** The longest silence that ended after the one moment and before the other (wall clock); 0 when none was long enough to be told. */
export function longestOutageMs (written: readonly Written[], sinceMs: number, untilMs = Infinity): number {
  const ends = written.flatMap(({ report }) => report.outages.map(({ start, ms }) => ({ ms, atMs: Date.parse(start) + ms })))
  return Math.max(0, ...ends.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs).map(({ ms }) => ms))
}
