// A scenario: something happens to a cluster that clients write to. Whatever it is, an outside observer must see no two
// hosts that serve at one instant, acknowledged writes must be there afterwards, and the cluster must be whole again.
import assert from 'node:assert/strict'
import { readFile, rm, stat } from 'node:fs/promises'
import test, { after, before, describe, type TestContext } from 'node:test'
import type { ClusterView, HistoryEntry, HistoryList, NodeView, OperationView } from '../../protocol/api.ts'
import { CLUSTER_NAME, SERVERS, type ServerName } from '../testbed/cluster-file.ts'
import { whatIsMissing } from '../testbed/controller-api.ts'
import { claimFreeIndex } from '../testbed/free-index.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { type Observer } from '../testbed/observer.ts'
import { type TestbedOptions } from '../testbed/options.ts'
import { poll } from '../testbed/wait.ts'
import { hostOf } from '../testbed/plan.ts'
import { type ProbeReport, type ProbeRun } from '../testbed/probe.ts'
import { findProcess } from '../testbed/product.ts'
import { createTestbed, type Testbed, type UpOptions } from '../testbed/testbed.ts'
import { ovsdbHa, type CliResult } from './cli.ts'
import { assertStatus } from './status-golden.ts'
import { settle, wholeAgain } from './settle.ts'

/** For scenarios about what ovsdb-server does. */
export const VERSIONS = ['3.1', '3.5'] as const
/** For scenarios about our own parts, whatever the server: the newest, and both by hand (OVSDB_HA_E2E_VERSIONS=all). */
export const NEWEST: readonly (typeof VERSIONS[number])[] = process.env.OVSDB_HA_E2E_VERSIONS === 'all' ? VERSIONS : ['3.5']
/** For scenarios that are not about how fast: a loaded machine is not taken for a lost node, nor its slow commands for failures. */
export const PATIENT = { lease: '8s', renewEvery: '2s', suspectAfter: '2s', reportEvery: '500ms', commandTimeout: '8s', promoteDeadline: '20s', coldStartWait: '5s' } as const
/** How often each client writes, and the observer tries to: what is not about how fast leaves the processor to its neighbours. */
const PATIENT_PACE_MS = 40
/** Long, since the machine may be loaded; what is waited for usually comes within a second. A shared machine may need longer still. */
export const DEADLINE_MS = Number(process.env.OVSDB_HA_E2E_DEADLINE_MS ?? 120_000)
/** Which testbed; a free one when none is named, so that two files can run at the same time. */
const INDEX = process.env.OVSDB_HA_E2E_INDEX === undefined ? await claimFreeIndex() : Number(process.env.OVSDB_HA_E2E_INDEX)
/** A line of the file of acknowledged writes has at least this many bytes. */
const LINE_BYTES = 25
const LINES_TO_SEE = 5
const PATIENCE_MS = 5_000
const HISTORY_TOLD = 40

export interface Client {
  readonly name: string
  readonly address: string
  readonly ackedFile: string
  readonly run: ProbeRun<ProbeReport>
}

export interface Scene {
  readonly t: TestContext
  readonly testbed: Testbed
  /** Writers through the virtual address, one per server unless the scenario asked for others. */
  readonly clients: readonly Client[]
  readonly ovsdbHa: (...args: readonly string[]) => Promise<CliResult>
  readonly view: () => Promise<ClusterView>
  readonly until: (what: string, condition: (view: ClusterView) => boolean) => Promise<ClusterView>
  /** The page that `ovsdb-ha status` prints now is the one that was reviewed. */
  readonly status: (golden: string) => Promise<void>
  /** What the history says since the scenario began, oldest first. */
  readonly entries: () => Promise<readonly HistoryEntry[]>
  readonly entry: (what: string, condition: (entry: HistoryEntry) => boolean) => Promise<HistoryEntry>
  /** The next change of the active that ended since the scenario began, or since the last one that was asked for. */
  readonly ended: () => Promise<OperationView>
  /** Who let clients in so far, as the observer saw it, one after the other. */
  readonly servedBy: () => readonly string[]
  /** Resolves when every client had several more writes acknowledged. */
  readonly clientsWrite: () => Promise<void>
  /** Every node serves or follows again, whatever was done to it. */
  readonly whole: () => Promise<ClusterView>
}

export interface ScenarioOptions {
  /** Unplanned changes of the active: replication is asynchronous, so each may lose the one write of each client that was in flight. */
  readonly failovers?: number
  /** The body tells itself what may be missing. */
  readonly judge?: (missing: number, client: Client) => void | Promise<void>
  /** What clients dial; the IPv4 virtual address when absent. */
  readonly address?: (testbed: Testbed) => string
  /** Whose databases have a writer; all when absent. */
  readonly writers?: readonly ServerName[]
  /** Who is active when it begins. */
  readonly active?: string
  /** No writers: the prober speaks no ssl. */
  readonly quiet?: boolean
  /** Clients notice nothing: no try of any of them fails. */
  readonly undisturbed?: boolean
}

export interface ClusterUnderTest {
  readonly testbed: Testbed
  readonly scenario: (title: string, options: ScenarioOptions, body: (scene: Scene) => Promise<void>) => void
}

/** A testbed that several scenarios share, brought up before the first and taken down after the last. */
export function describeCluster (title: string, options: Omit<TestbedOptions, 'index'>, define: (cluster: ClusterUnderTest) => void): void {
  describe(title, () => {
    const testbed = endedByInterrupt(createTestbed({ index: INDEX, ...options }))
    before(() => testbed.up())
    after(() => testbed.down())
    define({ testbed, scenario: (name, how, body) => { test(name, t => play(t, testbed, how, body).catch(error => tellHistory(t, testbed, error))) } })
  })
}

/** Hosts outlive this process, which a Ctrl-C or a deadline may end, also while they are built or removed. */
function endedByInterrupt (testbed: Testbed): Testbed {
  const interrupt = onInterrupt()
  let last: Promise<void> = Promise.resolve()
  const oneAfterTheOther = async (work: () => Promise<void>): Promise<void> => {
    last = last.catch(() => { /* whoever began it was told */ }).then(work)
    await last
  }
  const up = (options?: UpOptions) => oneAfterTheOther(async () => {
    interrupt.throwIfAborted() // the next scenario, which finds its hosts gone
    await testbed.up({ ...options, signal: interrupt })
  })
  const down = () => oneAfterTheOther(() => testbed.down())
  interrupt.addEventListener('abort', () => down().finally(() => process.exit(1)))
  return { ...testbed, up, down }
}

async function play (t: TestContext, testbed: Testbed, options: ScenarioOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  await settle(testbed, options.active ?? 'a')
  const observer = await testbed.observe(isPatient(testbed) ? { everyMs: PATIENT_PACE_MS } : {})
  const clients = options.quiet === true ? [] : await startClients(testbed, options)
  try {
    const scene = await createScene(t, testbed, clients, observer)
    await scene.clientsWrite()
    await body(scene)
    await scene.whole()
    await scene.clientsWrite()
  } finally {
    await Promise.allSettled(clients.map(client => client.run.stop()))
  }
  const seen = await observer.stop()
  assert.deepEqual(seen.conflicts, [], 'at no instant do two hosts accept writes through an endpoint')
  assert.ok(seen.accepted > 0, 'the observer saw somebody serve')
  for (const client of clients) await verify(t, testbed, client, options)
}

/** A failure that nobody can repeat must tell what the cluster went through: the end of its history, with the test's own clock. */
async function tellHistory (t: TestContext, testbed: Testbed, failure: unknown): Promise<never> {
  t.diagnostic(`failed at ${new Date().toISOString()}; the end of the history:`)
  try {
    const { body } = await (await testbed.api()).get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=${HISTORY_TOLD}`)
    for (const { at, node, kind, message } of body.entries.toReversed()) t.diagnostic(`${at} ${node ?? '-'} ${kind}: ${message}`)
  } catch (error) {
    t.diagnostic(`it cannot be read: ${(error as Error).message}`)
  }
  throw failure
}

async function startClients (testbed: Testbed, { address = ({ plan }) => plan.vip, undisturbed = false, writers = SERVERS.map(({ name }) => name) }: ScenarioOptions): Promise<readonly Client[]> {
  const host = address(testbed)
  const dialled = host.includes(':') ? `[${host}]` : host
  // a loaded machine may be late with a reply: that is no disturbance
  const patience = undisturbed ? ['--timeout-ms', String(PATIENCE_MS), '--connect-ms', String(PATIENCE_MS)] : []
  const pace = isPatient(testbed) ? ['--interval-ms', String(PATIENT_PACE_MS)] : []
  return await Promise.all(SERVERS.filter(({ name }) => writers.includes(name)).map(server => startClient(testbed, server.name, `${dialled}:${server.port}`, ['--db', server.database, ...patience, ...pace])))
}

const isPatient = ({ options }: Testbed) => options.timing.lease === PATIENT.lease

async function startClient (testbed: Testbed, name: string, address: string, args: readonly string[]): Promise<Client> {
  const ackedFile = `${testbed.plan.directory}/acked-${name}`
  await rm(ackedFile, { force: true })
  return { name, address, ackedFile, run: testbed.probe({ target: address, args: ['--acked-file', ackedFile, ...args] }) }
}

/**
 * Writes as fast as it can, from several clients, while something happens; nothing of it may be lost. Only that long:
 * minutes of it make a database whose copies take longer than the whole test.
 */
export async function underHammer ({ testbed, t }: Scene, hammers: number, happens: () => Promise<void>): Promise<number> {
  const address = `${testbed.plan.vip}:${SERVERS[0].port}`
  const clients = await Promise.all(Array.from({ length: hammers }, (_, number) => startClient(testbed, `hammer${number}`, address, ['--interval-ms', '0'])))
  try {
    await writesGoOn(clients)
    await happens()
    await writesGoOn(clients)
  } finally {
    await Promise.allSettled(clients.map(client => client.run.stop()))
  }
  const reports = await Promise.all(clients.map(client => verify(t, testbed, client, { silent: true })))
  return reports.reduce((sum, acked) => sum + acked, 0)
}

async function writesGoOn (clients: readonly Client[]): Promise<void> {
  await Promise.all(clients.map(async ({ name, ackedFile }) => {
    const before = await sizeOf(ackedFile)
    await poll(async () => await sizeOf(ackedFile) >= before + LINES_TO_SEE * LINE_BYTES ? true : null, { deadlineMs: DEADLINE_MS, what: `writes of ${name} to be acknowledged` })
  }))
}

async function createScene (t: TestContext, testbed: Testbed, clients: readonly Client[], observer: Observer): Promise<Scene> {
  const api = await testbed.api()
  const history = async (): Promise<readonly HistoryEntry[]> => {
    const { body } = await api.get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=1000`)
    return body.entries
  }
  const firstId = ((await history())[0]?.id ?? 0) + 1
  const entries = async () => (await history()).filter(entry => entry.id >= firstId).toSorted((x, y) => x.id - y.id)
  let endedSeen = 0
  const entry: Scene['entry'] = (what, condition) => poll(async () => {
    // the controller may be down, which is no news
    const found = await entries().catch(() => [])
    return found.find(condition) ?? null
  }, { deadlineMs: DEADLINE_MS, everyMs: 50, what: `the history to say: ${what}` })
  return {
    t,
    testbed,
    clients,
    ovsdbHa: (...args) => ovsdbHa(testbed.plan, api.url, args),
    view: api.cluster,
    until: (what, condition) => testbed.waitForView(what, condition, DEADLINE_MS),
    status: golden => assertStatus(testbed, golden),
    entries,
    entry,
    ended: async () => {
      const found = await entry('a change of the active ended', ({ id, operation }) => id > endedSeen && operation !== undefined && operation.outcome !== 'running')
      endedSeen = found.id
      return found.operation!
    },
    servedBy: () => observer.report().tenures.toSorted((a, b) => a.first.startMs - b.first.startMs).map(({ host }) => host).filter((host, index, hosts) => host !== hosts[index - 1]),
    clientsWrite: () => writesGoOn(clients),
    whole: async () => {
      await wholeAgain(testbed)
      return await testbed.waitForView('every data node serves or follows, and one holds the address', view => whatIsMissing(view) === '' && view.endpoints.every(({ holders }) => holders.join() === view.active), DEADLINE_MS)
    }
  }
}

const sizeOf = (file: string) => stat(file).then(found => found.size, () => 0)

interface VerifyReport { readonly acked: number, readonly missing: number, readonly unacked_present: number }

/** Resolves to the number of acknowledged writes. */
async function verify (t: TestContext, testbed: Testbed, client: Client, { failovers = 0, judge, undisturbed = false, silent = false }: ScenarioOptions & { readonly silent?: boolean }): Promise<number> {
  const report = await client.run.done
  if (undisturbed) assert.deepEqual(report.errors, {}, `no try of ${client.name} failed`)
  const database = ['--db', client.name === 'sb' ? 'OVN_Southbound' : 'OVN_Northbound']
  const run = ['--run', report.run]
  const checked = await testbed.probe({ target: client.address, args: ['--verify', '--acked-file', client.ackedFile, ...database, ...run] }).done as unknown as VerifyReport
  if (!silent) t.diagnostic(`${client.name}: ${checked.acked} acknowledged, ${checked.missing} missing, longest outage ${report.longest_outage_ms} ms`)
  assert.equal(checked.acked, report.acked, 'every acknowledged write was looked for')
  if (judge !== undefined) await judge(checked.missing, client)
  else assert.ok(checked.missing <= failovers, `${checked.missing} of ${checked.acked} acknowledged writes of ${client.name} are missing after ${failovers} unplanned failovers`)
  await testbed.probe({ target: client.address, args: ['--cleanup', ...database, ...run] }).done
  return checked.acked
}

/** Sequence numbers and times (milliseconds since the epoch) of the acknowledged writes of a client. */
export async function acknowledged (client: Client): Promise<ReadonlyArray<{ readonly row: string, readonly atMs: number }>> {
  const lines = (await readFile(client.ackedFile, 'utf8')).split('\n').filter(line => line !== '')
  return lines.map(line => {
    const [run, sequence, atMs] = line.split(' ')
    return { row: `probe-${run}-${sequence}`, atMs: Number(atMs) }
  })
}

/** The change of the active that took a node from which the old one was lost: done, to another node, which serves the clients. */
export async function assertFailedOver ({ ended, until, clientsWrite }: Scene, from = 'a'): Promise<string> {
  const operation = await ended()
  assert.equal(operation.kind, 'failover')
  assert.equal(operation.outcome, 'done', operation.detail)
  assert.equal(operation.from, from)
  assert.notEqual(operation.to, from)
  await clientsWrite()
  await until(`${operation.to} serves`, ({ state, active }) => state === 'serving' && active === operation.to)
  return operation.to!
}

/** Another node than the one that was lost serves the clients; where the machine was too slow for the first attempt, after a later one. */
export async function assertMovedFrom ({ until, clientsWrite }: Scene, from: string): Promise<string> {
  const { active } = await until(`another node than ${from} serves`, view => view.state === 'serving' && view.active !== from)
  await clientsWrite()
  return active!
}

/** Kills the agent, and resolves when the host has none: a new one can be started. */
export async function endAgent ({ plan, killAgent }: Testbed, name: string): Promise<void> {
  await killAgent(name)
  await poll(async () => await findProcess(hostOf(plan, name), 'agent') === null ? true : null, { deadlineMs: DEADLINE_MS, what: `the agent of ${name} to be gone` })
}

export function isDead (view: ClusterView, name: string): boolean {
  return view.diagnoses.some(diagnosis => diagnosis.name === 'deadNode' && diagnosis.node === name)
}

export function nodeOf (view: ClusterView, name: string): NodeView {
  const node = view.nodes.find(one => one.name === name)
  assert.ok(node !== undefined, `there is no node ${name}`)
  return node
}

/** The node is a backup again that follows the active and could take over. */
export async function assertFollows ({ until }: Scene, name: string): Promise<void> {
  await until(`${name} follows`, view => {
    const node = nodeOf(view, name)
    return view.active !== null && view.active !== name && node.role === 'backup' && node.following === view.active && node.ineligible === null
  })
}
