// The demo's acts, in order: three hosts, a writing client, a kill, the failover, the old active's return, the count.
import type { ClusterView, HistoryEntry, HistoryList, OperationView } from '../../protocol/api.ts'
import { renderEntry } from '../../cli/render/history.ts'
import { renderStatus } from '../../cli/render/status.ts'
import type { Paint } from '../../cli/render/style.ts'
import { duration } from '../../cli/render/time.ts'
import { CLUSTER_NAME, SERVERS, tokenFilePath } from '../testbed/cluster-file.ts'
import { whatIsMissing, type ControllerApi } from '../testbed/controller-api.ts'
import { poll } from '../testbed/wait.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { keepCommands } from './keep-commands.ts'
import { findRescued } from './rescued.ts'
import { seconds, type Screen } from './screen.ts'
import type { WriterVerdict } from './writer-line.ts'
import { startWriting, WRITER_TABLE, WRITES_PER_SECOND, type Writing } from './writing.ts'

export interface DemoOptions {
  readonly testbed: Testbed
  readonly screen: Screen
  readonly paint: Paint
  /** Ends it, whatever it is doing. */
  readonly interrupt: AbortSignal
  /** Goes on until it is interrupted. */
  readonly keep: boolean
}

/** What the acts share once the hosts are up. */
interface Stage extends DemoOptions {
  readonly api: ControllerApi
  readonly writing: Writing
  /** Asks until the answer is not null while the counter goes on; rejects when it is interrupted. */
  readonly until: <T>(what: string, ask: () => T | null | Promise<T | null>, deadlineMs?: number) => Promise<T>
}

type EndedEntry = HistoryEntry & { readonly operation: OperationView }

/** Longer than anything takes on a machine that does something else as well. */
const DEADLINE_MS = 60_000
const ACT_SECONDS = 3
const ACT_WRITES = WRITES_PER_SECOND * ACT_SECONDS
/** A silence that is worth a word. */
const SILENT_MS = 300
const WRITES_TO_SEE = 20
const LOOK_EVERY_MS = 50

/** Resolves to the verdict on the acknowledged rows when everything is taken down; also when it fails nothing is left. */
export async function playDemo (options: DemoOptions): Promise<WriterVerdict> {
  const { testbed, screen, interrupt } = options
  interrupt.addEventListener('abort', () => screen.say('Interrupted: everything is taken down.', 'warning'), { once: true })
  screen.say(`ovsdb-ha demo: hosts a, b and c start as network namespaces, each with an agent and two real ovsdb-servers (Open vSwitch ${testbed.options.ovs}, OVN's Northbound and Southbound), and beside them a controller and a client.`, 'strong')
  await testbed.up({ signal: interrupt })
  let writing: Writing | null = null
  try {
    const api = await testbed.api()
    await introduce(options, api)
    writing = startWriting(testbed.plan)
    return await playActs(createStage(options, api, writing))
  } finally {
    writing?.end()
    await testbed.down()
    screen.say('Everything is taken down: no namespace, process, mount or file is left.')
  }
}

async function playActs (stage: Stage): Promise<WriterVerdict> {
  const { screen, keep, interrupt } = stage
  const active = await letWrite(stage)
  const { operation } = await killActive(stage, active)
  await goOn(stage, active, operation.to ?? 'nobody')
  const verdict = await countRows(stage, active, operation)
  if (keep) {
    screen.page(['', ...keepCommands(stage.testbed.plan, stage.api.url, operation.to ?? 'b'), ''])
    await watchUntilInterrupted(stage).catch((error: unknown) => { if (!interrupt.aborted) throw error })
  }
  return verdict
}

function createStage (options: DemoOptions, api: ControllerApi, writing: Writing): Stage {
  const { testbed, screen, interrupt } = options
  const count = () => {
    const { ackedWrites, silentMs } = writing.state()
    const silence = silentMs > SILENT_MS ? `, no answer for ${seconds(silentMs)}` : ''
    screen.live(`${whole(ackedWrites)} rows acknowledged through ${testbed.plan.vip}${silence}`)
  }
  return {
    ...options,
    api,
    writing,
    until: (what, ask, deadlineMs = DEADLINE_MS) => poll(async () => {
      interrupt.throwIfAborted()
      count()
      return await ask()
    }, { deadlineMs, everyMs: LOOK_EVERY_MS, what })
  }
}

async function introduce ({ testbed, screen, paint }: DemoOptions, api: ControllerApi): Promise<void> {
  const view = await api.cluster()
  screen.say(`The cluster serves: ${view.active} is active and holds the virtual address ${testbed.plan.vip}; the others replicate from it.`, 'good')
  screen.page(['', ...renderStatus(view, paint), ''])
  screen.say(`REST API: ${api.url}/v1/clusters (there is no dashboard in this version). From another terminal:`)
  screen.page([`          cli/ovsdb-ha status --watch --server ${api.url} \\`, `            --token-file ${tokenFilePath(testbed.plan)}`])
}

async function letWrite ({ testbed, screen, writing, api, until }: Stage): Promise<string> {
  screen.say(`A client writes to ${testbed.plan.vip}:${SERVERS[0].port}, one row after the other, ${WRITES_PER_SECOND} a second at most.`)
  await until('the client to write', () => writing.state().ackedWrites >= ACT_WRITES ? true : null)
  const { active } = await until('somebody to be active', () => serving(api))
  return active
}

async function killActive (stage: Stage, active: string): Promise<EndedEntry> {
  const { testbed, screen, paint, writing, until } = stage
  const before = await newestId(stage)
  writing.mark()
  const pid = await testbed.killServer(active, SERVERS[0].name)
  screen.say(`kill -9 ${pid}: the Northbound server of ${active}, the active one, is dead.`, 'bad')
  const entry = await until('a failover', () => endedAfter(stage, before))
  screen.page(['', ...renderEntry(entry, paint), ''])
  return entry
}

async function goOn ({ screen, writing, api, until }: Stage, from: string, to: string): Promise<void> {
  const ackedWrites = writing.state().ackedWrites
  await until(`the client to write to ${to}`, () => writing.state().ackedWrites >= ackedWrites + WRITES_TO_SEE ? true : null)
  const { longestOutageMs, failedTries } = writing.state()
  screen.say(`${to} is active. The client was without an answer for ${duration(longestOutageMs)} (${failedTries} tries failed), and writes on.`, 'good')
  await until(`${from} to return as a backup`, async () => {
    const view = await serving(api)
    return view?.active === to && whatIsMissing(view) === '' ? true : null
  })
  screen.say(`${from} is back: its server runs again, as a backup that replicates from ${to}.`)
  await until('the client to write on', () => writing.state().ackedWrites >= ackedWrites + ACT_WRITES ? true : null)
}

async function countRows (stage: Stage, from: string, { to }: OperationView): Promise<WriterVerdict> {
  const { screen, writing, until, testbed } = stage
  const { longestOutageMs } = writing.state()
  writing.verify()
  const verdict = await until('the rows to be counted', () => writing.verdict())
  const { ackedRows, foundRows, missing } = verdict
  const { database } = SERVERS[0]
  const rescued = missing.length === 0 ? [] : await findRescued(testbed.plan, await history(stage), database, WRITER_TABLE, missing)
  const missingRows = verdict.missingRows - rescued.length
  if (rescued.length > 0) screen.say(`${rescued.join(', ')} died with the server of ${from} before it was replicated, and is in the file of ${from} that was kept before it followed ${to} (a rescue).`, 'warning')
  screen.say(`${whole(foundRows)} of ${whole(ackedRows)} acknowledged rows are in the database of ${to}, ${rescued.length === 0 ? '' : `${rescued.length} in a rescue, `}${missingRows} missing; the longest outage since the kill was ${duration(longestOutageMs)}.`, missingRows === 0 ? 'good' : 'bad')
  if (missingRows > 0) screen.say(`Missing: ${missing.join(', ')}${missingRows > missing.length ? ', ...' : ''}. They are in no rescue either.`, 'bad')
  return { ...verdict, missingRows }
}

/** Tells of every change of the active that the user brings about. */
async function watchUntilInterrupted (stage: Stage): Promise<never> {
  const { screen, paint, writing, until } = stage
  for (let last = await newestId(stage); ;) {
    writing.mark()
    const entry = await until('a change of the active', () => endedAfter(stage, last), Infinity)
    const { ackedWrites } = writing.state()
    screen.page(['', ...renderEntry(entry, paint), ''])
    last = entry.id
    if (entry.operation.outcome !== 'done') continue
    await until('the client to write', () => writing.state().ackedWrites >= ackedWrites + WRITES_TO_SEE ? true : null, Infinity)
    screen.say(`${entry.operation.to} is active. The client was without an answer for ${duration(writing.state().longestOutageMs)}, and writes on.`, 'good')
  }
}

/** Null while the controller does not answer, or nobody is active. */
async function serving (api: ControllerApi): Promise<ClusterView & { readonly active: string } | null> {
  const view = await api.cluster().catch(() => null)
  return view === null || view.active === null ? null : { ...view, active: view.active }
}

async function history ({ api }: Stage): Promise<readonly HistoryEntry[]> {
  const { body } = await api.get<HistoryList>(`/v1/clusters/${CLUSTER_NAME}/history?limit=100`)
  return body.entries
}

async function newestId (stage: Stage): Promise<number> {
  return (await history(stage))[0]?.id ?? 0
}

/** The first change of the active that ended after that entry. */
async function endedAfter (stage: Stage, id: number): Promise<EndedEntry | null> {
  const entries = await history(stage).catch(() => []) // a controller that the user killed has no news
  const ended = entries.flatMap(entry => {
    const { operation } = entry
    return entry.id <= id || operation === undefined || operation.outcome === 'running' ? [] : [{ ...entry, operation }]
  })
  return ended.at(-1) ?? null
}

const whole = (count: number) => count.toLocaleString('en-US')
