// The clients of one round: neutral probers that write through the virtual address, and one that tries the nodes' own
// addresses, where nobody may ever let it in.
import { readFile, rm } from 'node:fs/promises'
import { execa } from 'execa'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { SERVERS } from '../testbed/cluster-file.ts'
import { dataHostsOf } from '../testbed/plan.ts'
import type { ProbeReport, ProbeRun } from '../testbed/probe.ts'
import type { Testbed } from '../testbed/testbed.ts'
import type { AckedRow } from './judgement.ts'
import type { ClientOutage } from './timeline.ts'

export const TABLE = 'Address_Set'
const WRITE_EVERY_MS = 20
/** Shorter silences are the machine's. */
const OUTAGE_MS = 150
const BALLAST_SECONDS = 2
const QUERY_TIMEOUT_MS = 15_000
const AnswerSchema = Type.Tuple([Type.Object({ rows: Type.Array(Type.Object({ name: Type.String() })) })])

/** One prober's run, and what it is told: rows are `probe-<run>-<number>`. */
export interface Client {
  readonly name: string
  readonly run: string
  readonly database: string
  readonly target: string
  readonly ackedFile: string
  readonly probe: ProbeRun<ProbeReport>
}

export interface RoundClients {
  readonly through: readonly Client[]
  readonly direct: Client
}

export async function startClients (testbed: Testbed, round: number): Promise<RoundClients> {
  const { plan } = testbed
  const start = async (name: string, database: string, target: string): Promise<Client> => {
    const run = `r${round}-${name}`
    const ackedFile = `${plan.directory}/acked-${run}`
    await rm(ackedFile, { force: true })
    const args = ['--run', run, '--db', database, '--acked-file', ackedFile, '--interval-ms', String(WRITE_EVERY_MS), '--outage-ms', String(OUTAGE_MS)]
    return { name, run, database, target, ackedFile, probe: testbed.probe({ target, args }) }
  }
  const [nb, sb] = SERVERS
  const targets = dataHostsOf(plan).flatMap(({ address }) => [nb.port, nb.replicationPort].map(port => `${address}:${port}`))
  const [through, direct] = await Promise.all([
    Promise.all([start('nb1', nb.database, `${plan.vip}:${nb.port}`), start('nb2', nb.database, `${plan.vip}:${nb.port}`), start('sb1', sb.database, `${plan.vip}:${sb.port}`)]),
    start('direct', nb.database, targets.join(','))
  ])
  return { through, direct }
}

/** Rows that are there before the first fault and to the end: they make copies of the databases take their time. */
export async function writeBallast (testbed: Testbed): Promise<readonly Client[]> {
  const { plan } = testbed
  return await Promise.all(SERVERS.map(async ({ name, database, port }): Promise<Client> => {
    const run = `ballast-${name}`
    const ackedFile = `${plan.directory}/acked-${run}`
    await rm(ackedFile, { force: true })
    const target = `${plan.vip}:${port}`
    const probe = testbed.probe({ target, args: ['--run', run, '--db', database, '--acked-file', ackedFile, '--interval-ms', '0', '--duration-s', String(BALLAST_SECONDS)] })
    await probe.done
    return { name: run, run, database, target, ackedFile, probe }
  }))
}

export async function ackedRows ({ ackedFile }: Client): Promise<readonly AckedRow[]> {
  const text = await readFile(ackedFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '' // nothing was acknowledged yet
    throw error
  })
  return text.split('\n').filter(line => line !== '').map(line => {
    const [run, number, atMs] = line.split(' ')
    return { row: `probe-${run}-${number}`, atMs: Number(atMs) }
  })
}

export function outagesOf (client: Client, { outages }: ProbeReport): readonly ClientOutage[] {
  return outages.map(({ start, ms }) => ({ client: client.name, startMs: Date.parse(start), ms }))
}

/** The names that are in the database now, as anybody reads them through the virtual address. */
export async function presentRows (testbed: Testbed, { database, target }: Client): Promise<ReadonlySet<string>> {
  const { failed, stdout, stderr } = await testbed.exec('client', ['ovsdb-client', 'transact', `tcp:${target}`, selection(database)], { timeoutMs: QUERY_TIMEOUT_MS })
  if (failed) throw new Error(`the rows of ${database} could not be read: ${stderr}`)
  return namesIn(stdout)
}

/** The names that are in a database file. */
export async function rowsInFile (file: string, database: string): Promise<ReadonlySet<string>> {
  const { stdout } = await execa('ovsdb-tool', ['query', file, selection(database)], { timeout: QUERY_TIMEOUT_MS, stdin: 'ignore' })
  return namesIn(stdout)
}

export async function removeRows (testbed: Testbed, { database, target, run }: Client): Promise<void> {
  await testbed.probe({ target, args: ['--cleanup', '--db', database, '--run', run] }).done
}

function selection (database: string): string {
  return JSON.stringify([database, { op: 'select', table: TABLE, where: [], columns: ['name'] }])
}

function namesIn (stdout: string): ReadonlySet<string> {
  const [answer] = Value.Parse(AnswerSchema, JSON.parse(stdout))
  return new Set(answer.rows.map(({ name }) => name))
}
