import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { AgentLink, AgentListener } from '../../../controller/link/agent-link.ts'
import { createFairShare } from '../../../controller/fair-share.ts'
import { createTurns } from '../../../controller/turns.ts'
import { createControllerMetrics } from '../../../controller/metrics.ts'
import { createClusterShell, type ClusterShell } from '../../../controller/shell.ts'
import type { Happening, Report } from '../../../protocol/report.ts'
import { activeReport, clusterConfig, coreConfig, happening, report, serverReport } from '../../fixtures.ts'
import { releasedReport } from './core/leader-harness.ts'
import { fakeStore, type FakeStore } from './fake-store.ts'

const PAUSE_VIEW_DEADLINE_MS = 10_000

async function until (what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PAUSE_VIEW_DEADLINE_MS
  while (!condition()) {
    assert.ok(performance.now() < deadline, `in time: ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

interface Setup {
  readonly shell: ClusterShell
  readonly store: FakeStore
  /** What was asked of agents: terms and orders. */
  readonly asked: string[]
  readonly report: (...reports: readonly Report[]) => void
  readonly happens: (happening: Happening) => void
  readonly kinds: () => readonly string[]
  /** What it logged. */
  readonly logged: ReadonlyArray<{ readonly kind?: string, readonly msg: string }>
}

async function setUp (t: TestContext, { store = fakeStore(), ttlMs = 60_000, everyMs = 5, controller = coreConfig().controller }: { store?: FakeStore, ttlMs?: number, everyMs?: number, controller?: string } = {}): Promise<Setup> {
  const asked: string[] = []
  const logged: Array<Setup['logged'][number]> = []
  const listeners = new Map<string, AgentListener>()
  const links = clusterConfig().members.map(({ name }): AgentLink => ({
    node: name,
    start: listener => { listeners.set(name, listener) },
    stop: async () => { /* nothing runs */ },
    look: () => {
      asked.push(`${name}: look`)
      return new Promise(() => { /* no agent answers */ })
    },
    term: ({ term }) => {
      asked.push(`${name}: term ${term}`)
      return new Promise(() => { /* no voter answers */ })
    },
    order: ({ type }) => {
      asked.push(`${name}: ${type}`)
      return new Promise(() => { /* no agent answers */ })
    }
  }))
  const shell = createClusterShell({
    config: { ...coreConfig(), controller },
    links,
    fenceDevices: new Map(),
    store,
    share: createFairShare(),
    urlOf: name => name === 'c9' ? 'http://10.0.0.9:8640' : null,
    turns: createTurns({ atOnce: 1 }),
    leadership: { ttlMs, everyMs },
    metrics: createControllerMetrics({ version: '0' }),
    logger: pino({ level: 'info' }, { write: (line: string) => { logged.push(JSON.parse(line) as Setup['logged'][number]) } }),
    onHistory: () => { /* the store has it */ }
  })
  t.after(() => {
    store.mode = 'answers'
    return shell.stop()
  })
  await shell.start()
  return {
    shell,
    store,
    asked,
    happens: happening => listeners.get(happening.node)?.onHappening(happening),
    report: (...reports) => { for (const one of reports) listeners.get(one.node)?.onReport(one) },
    kinds: () => store.entries.map(({ kind }) => kind),
    logged
  }
}

const HEALTHY = [activeReport('n1'), report('n2'), report('n3')]
/** The active gave its term back: a leader takes a new one at once. */
const RELEASED = [releasedReport('n1'), report('n2'), report('n3')]

/** Keeps this thread from running anything else, as a stopped process would be. */
function stall (untilMs: number): void {
  while (performance.now() < untilMs) { /* nothing runs */ }
}

test('gaining and losing leadership orders nothing in a healthy cluster', async t => {
  const { store, asked, report, kinds } = await setUp(t)
  report(...HEALTHY)
  assert.ok(kinds().includes('leadershipGained'))
  store.leader = 'c9'
  await until('the other leads', () => kinds().includes('leadershipLost'))
  store.leader = null
  await until('it leads again', () => kinds().filter(kind => kind === 'leadershipGained').length === 2)
  assert.deepEqual(asked, [])
})

test('a log line has the kind that its history entry has, also where its facts have one of their own', async t => {
  const { report, logged } = await setUp(t)
  report(...RELEASED)
  assert.ok(logged.some(({ kind, msg }) => kind === 'operationBegan' && msg.startsWith('failover to')), JSON.stringify(logged))
})

test('a leader decides; one whose time is over decides nothing, although no timer has told it', async t => {
  const decides = await setUp(t)
  decides.report(...RELEASED)
  assert.deepEqual(decides.asked.filter(one => one.includes('term')).length, 3)

  const late = await setUp(t, { ttlMs: 200 })
  late.store.mode = 'hangs'
  stall(performance.now() + 250)
  late.report(...RELEASED)
  assert.deepEqual(late.asked, [])
})

for (const mode of ['rejects', 'hangs'] as const) {
  test(`leadership ends by itself when the store ${mode}, and is taken up again when it answers`, async t => {
    const { shell, store, report } = await setUp(t, { ttlMs: 60 })
    report(...HEALTHY)
    const state: string[] = []
    shell.follow(view => state.push(view.state))
    store.mode = mode
    await until('the command is refused', () => {
      shell.switchover({}, 'ann').catch((error: { code: string }) => state.push(error.code))
      return state.includes('OVSDB_HA_NOT_LEADING')
    })
    const gained = () => store.entries.filter(({ kind }) => kind === 'leadershipGained').length
    const before = gained() // on a machine that stalls it may have been lost and gained before
    store.mode = 'answers'
    await until('it leads', () => gained() > before)
  })
}

test('the only controller goes on leading while its own store fails', async t => {
  const { store, asked, report } = await setUp(t, { store: fakeStore({ margin: null }), ttlMs: 20 })
  store.mode = 'rejects'
  stall(performance.now() + 40)
  report(...RELEASED)
  assert.equal(asked.filter(one => one.includes('term')).length, 3)
})

test('a controller that cannot learn what operators want does not lead, and leaves it to others', async t => {
  const store = fakeStore({ intent: async () => { throw new Error('no permission') } })
  const { asked, report } = await setUp(t, { store })
  report(...RELEASED)
  assert.deepEqual(asked, [])
  assert.ok(store.calls.includes('resign'))
})

test('a follower refuses commands and pauses, and names the leader', async t => {
  const { shell } = await setUp(t, { store: fakeStore({ leader: 'c9' }) })
  const refusal = { code: 'OVSDB_HA_NOT_LEADING', httpStatus: 503, message: /c9 does \(http:\/\/10\.0\.0\.9:8640\)/, leader: { name: 'c9', url: 'http://10.0.0.9:8640' } }
  await assert.rejects(shell.switchover({}, 'ann'), refusal)
  await assert.rejects(shell.failover({}, 'ann'), refusal)
  await assert.rejects(shell.pause({}, 'ann'), refusal)
  await assert.rejects(shell.resume('ann'), refusal)
  assert.deepEqual(shell.view().controller, { name: 'ctl-a', leads: false, leader: { name: 'c9', url: 'http://10.0.0.9:8640' } })
})

test('a follower knows a pause that another controller stored, and writes no history', async t => {
  const paused = { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' }
  const { shell, store, report } = await setUp(t, { store: fakeStore({ leader: 'c9' }) })
  report(...HEALTHY)
  store.stored = { version: 1, paused }
  await until('the pause is known', () => shell.view().paused?.by === 'ann')
  assert.deepEqual(store.entries, [])
})

test('an operation whose leader loses leadership is answered, and not left waiting', async t => {
  const { shell, store, report } = await setUp(t)
  report(...HEALTHY)
  const ended = shell.switchover({}, 'ann')
  store.leader = 'c9'
  await assert.rejects(ended, { code: 'OVSDB_HA_CONTROLLER_NOT_READY', message: /lost its leadership before this ended: c9 leads it now/ })
})

test('what operators want of a node is known to whoever leads next, and told again to a store that forgot it', async t => {
  const { shell, store } = await setUp(t)
  await shell.prefer('n2', { preference: 'never', forMs: 3_600_000, reason: 'old disk' }, 'ann')
  const wanted = (one: typeof shell) => one.view().nodes.map(({ preference }) => preference?.preference ?? null)
  assert.deepEqual(wanted(shell), [null, 'never', null])
  const { until: endsAt } = shell.view().nodes[1]?.preference ?? {}
  assert.ok(Math.abs(Date.parse(endsAt ?? '') - Date.now() - 3_600_000) < 60_000)
  store.stored = { version: 0, paused: null }
  await until('it is told', () => store.stored.preferences?.n2?.by === 'ann')
  await shell.stop()
  const next = await setUp(t, { store })
  assert.deepEqual(wanted(next.shell), [null, 'never', null])
})

test('a planned switchover is in the view, marked in the store before it is ordered, and ordered in the name of whoever planned it', async t => {
  const { shell, store, report, asked } = await setUp(t)
  report(...HEALTHY)
  const { id, at } = await shell.plan({ at: new Date(Date.now() + 3_600_000).toISOString(), to: 'n2', reason: 'new kernel' }, 'ann')
  const [plan] = shell.view().planned
  assert.ok(plan !== undefined && plan.id === id)
  store.mode = 'rejects'
  await assert.rejects(shell.runPlanned(plan), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
  assert.deepEqual([shell.view().operation, asked.filter(what => what.includes('handover'))], [null, []], 'what cannot be marked is not begun')
  store.mode = 'answers'
  const ended = shell.runPlanned(plan)
  await until('it began', () => shell.view().operation !== null)
  assert.deepEqual([store.stored.planned?.[0]?.begunAt !== null, shell.view().operation?.trigger], [true, `ann (planned for ${at}) asked for a switchover: new kernel`])
  await assert.rejects(shell.cancelPlan(id, 'bob'), { code: 'OVSDB_HA_PLAN_UNKNOWN' })
  store.leader = 'c9'
  await assert.rejects(ended, { code: 'OVSDB_HA_CONTROLLER_NOT_READY' })
})

test('a pause that the store does not take is refused, and nothing is paused', async t => {
  const { shell, store } = await setUp(t)
  store.mode = 'rejects'
  await assert.rejects(shell.pause({}, 'ann'), { code: 'OVSDB_HA_STORE_UNAVAILABLE', httpStatus: 503 })
  assert.equal(shell.view().paused, null)
})

test('a refused pause that the store holds all the same is taken back', async t => {
  const { shell, store } = await setUp(t)
  store.mode = 'losesAnswers'
  await assert.rejects(shell.pause({}, 'ann'), { code: 'OVSDB_HA_STORE_UNAVAILABLE' })
  assert.equal(store.stored.paused?.by, 'ann')
  store.mode = 'answers'
  await until('it is taken back', () => store.stored.paused === null)
  assert.equal(shell.view().paused, null)
})

test('a store that forgot a pause is told again by the leader, and by a new leader that followed', async t => {
  const { shell, store, kinds } = await setUp(t)
  await shell.pause({}, 'ann')
  store.stored = { version: 0, paused: null }
  await until('it is told', () => store.stored.paused?.by === 'ann')
  assert.ok(kinds().includes('storeForgot'))

  store.leader = 'c9'
  await until('the other leads', () => kinds().includes('leadershipLost'))
  store.stored = { version: 0, paused: null }
  store.leader = null
  await until('it is told again', () => store.stored.paused?.by === 'ann')
  assert.equal(shell.view().paused?.by, 'ann')
})

test('a store that forgot who leads and what was written is told both by its leader, which goes on leading', async t => {
  const { store, report, kinds } = await setUp(t)
  report(...HEALTHY)
  await until('it is written', () => kinds().filter(kind => kind === 'nodeReports').length === 3)
  const before = store.entries.map(({ id }) => id)
  store.entries = []
  store.leader = null
  await until('it is written again', () => before.every(id => store.entries.some(entry => entry.id === id)))
  await until('and that it was', () => kinds().includes('storeForgot'))
  assert.equal(new Set(store.entries.map(({ id }) => id)).size, store.entries.length)
  assert.ok(!kinds().includes('leadershipLost'))
})

test('what happened while the store was away is written when it is back, without anything new, and once', async t => {
  const { store, report, kinds } = await setUp(t)
  store.mode = 'losesAnswers'
  report(...HEALTHY)
  const asked = store.calls.length
  await until('it failed', () => store.calls.slice(asked).filter(call => call === 'lead').length > 1)
  store.mode = 'answers'
  await until('all is written', () => kinds().filter(kind => kind === 'nodeReports').length === 3)
  await until('the store is told to answer', () => kinds().includes('storeAnswers'))
  assert.equal(kinds().filter(kind => kind === 'nodeReports').length, 3)
})

test('a diagnosis is written when it begins and when it is over, with its evidence, and the agent\'s own telling of the same is left out', async t => {
  const { store, report: reports, happens, shell } = await setUp(t)
  const { entries } = store
  const ill = report('n2', { problems: [{ code: 'guard', message: 'nft is missing', server: null }] })
  reports(activeReport('n1'), ill, report('n3'))
  happens(happening({ node: 'n2', sequence: 1, kind: 'problemBegan', message: 'n2 has a problem: nft is missing', facts: { code: 'guard' } }))
  happens(happening({ node: 'n2', sequence: 2, kind: 'problemBegan', message: 'n2 has a problem: odd', facts: { code: 'odd' } }))
  await until('it is written', () => entries.some(({ kind }) => kind === 'problemBegan'))
  const began = entries.find(({ kind }) => kind === 'diagnosisBegan')
  assert.deepEqual([began?.node, began?.severity, began?.message, began?.diagnosis?.evidence.map(({ by, saw }) => [by, saw])], ['n2', 'warning', 'guardMissing: n2: nft is missing', [['n2', 'nft is missing']]])
  assert.deepEqual(entries.filter(({ kind }) => kind === 'problemBegan').map(({ facts }) => facts.code), ['odd'])
  assert.deepEqual(shell.view().diagnoses.map(({ name, node, runbook }) => [name, node, runbook]), [['guardMissing', 'n2', 'guard-missing.md']])
  const over = setInterval(() => reports(...HEALTHY), 20)
  t.after(() => clearInterval(over))
  await until('its end is written', () => entries.some(({ kind, facts }) => kind === 'diagnosisEnded' && facts.diagnosis === 'guardMissing'))
})

test('what a frozen leader and its successor both hear of is in the history once; what only one of them heard of is too', async t => {
  const store = fakeStore()
  const frozen = await setUp(t, { store, everyMs: 60_000 }) // asks nobody while the test runs
  store.leader = null
  const next = await setUp(t, { store, controller: 'ctl-b' })
  for (const [one, heard] of [[next, [2, 3]], [frozen, [1, 2, 3]]] as const) {
    for (const sequence of heard) one.happens(happening({ sequence, message: `happening ${sequence}` }))
  }
  await until('what only the frozen one heard of is written', () => store.entries.some(({ message }) => message === 'happening 1'))
  frozen.happens(happening({ sequence: 1, bootId: 'the next boot', message: 'another one' }))
  await until('all is written', () => store.entries.some(({ message }) => message === 'another one'))
  assert.deepEqual(store.entries.flatMap(({ message, happening }) => happening === undefined ? [] : [message]).toSorted(), ['another one', 'happening 1', 'happening 2', 'happening 3'])
})

test('what a controller concludes after its leadership ended is written by whoever leads then, once', async t => {
  const store = fakeStore()
  const late = await setUp(t, { store, ttlMs: 200 })
  late.report(...HEALTHY)
  store.leader = 'ctl-b'
  await until('it is led by another', () => late.kinds().includes('leadershipLost'))
  store.leader = null
  await until('it leads again', () => late.kinds().filter(kind => kind === 'leadershipGained').length === 2)
  store.mode = 'hangs'
  await until('its time is over', () => !late.shell.view().controller.leads)
  const ill = report('n2', { problems: [{ code: 'guard', message: 'nft is missing', server: null }] })
  late.report(ill)
  assert.ok(late.shell.view().diagnoses.some(({ name }) => name === 'guardMissing'))
  late.happens(happening({ node: 'n2', message: 'what n2 told' }))
  store.leader = 'ctl-b'
  store.mode = 'answers'
  await until('all that it had to say is written', () => store.entries.some(({ message }) => message === 'what n2 told'))
  assert.equal(late.kinds().filter(kind => kind === 'leadershipLost').length, 2)
  const began = () => store.entries.filter(({ kind, facts }) => kind === 'diagnosisBegan' && facts.diagnosis === 'guardMissing').length
  assert.equal(began(), 0)
  store.leader = null
  await until('it leads once more, and tells what nobody told', () => began() > 0)
  assert.equal(began(), 1)
})

test('a decision is kept with what it rested on: in the entry that begins it, and in the one that ends it', async t => {
  const { store: { entries }, report: reports } = await setUp(t)
  reports(...HEALTHY)
  reports(releasedReport('n1'))
  await until('it is written', () => entries.some(({ kind }) => kind === 'operationBegan'))
  const began = entries.find(({ kind }) => kind === 'operationBegan')
  assert.deepEqual(began?.explanation?.candidates.map(({ node, verdict }) => [node, verdict]), [['n2', 'chosen'], ['n3', 'eligible'], ['n1', 'refused']])
  assert.equal(began?.explanation?.rules[0]?.because, 'n1 released term 4')
  // no voter answers: it fails by its deadline, when the next report comes
  const later = setInterval(() => reports(releasedReport('n1'), report('n2'), report('n3')), 20)
  t.after(() => clearInterval(later))
  await until('it ends', () => entries.some(({ kind }) => kind === 'operationEnded'))
  assert.deepEqual(entries.find(({ kind }) => kind === 'operationEnded')?.explanation, began?.explanation)
})

test('a hold is kept with what it rested on', async t => {
  const { store: { entries }, report: reports } = await setUp(t)
  const cut = { servers: [serverReport({ complete: false, incompleteReason: 'a resync was cut off' })] }
  const tell = (): void => reports(releasedReport('n1'), report('n2', cut), report('n3', cut))
  const again = setInterval(tell, 20)
  t.after(() => clearInterval(again))
  await until('it holds', () => entries.some(({ kind }) => kind === 'holdBegan'))
  const { explanation } = entries.find(({ kind }) => kind === 'holdBegan') ?? {}
  assert.equal(explanation?.decision, 'hold')
  assert.ok(explanation?.candidates.some(({ node, code }) => node === 'n2' && code === 'incomplete'))
})

test('what a schedule keeps is in the store, and the next leader knows it', async t => {
  const store = fakeStore()
  const first = await setUp(t, { store })
  await until('it leads', () => first.shell.view().controller.leads)
  assert.equal(first.shell.keptSchedules(), null)
  const failed = { at: '2026-01-01T03:30:00.000Z', by: null, outcome: 'failed' as const, message: 'failover drill failed', durationMs: 9 }
  const kept = { next: { drill: '2026-01-02T03:30:00.000Z' }, waiting: [], running: { job: 'drill' as const, at: '2026-01-01T03:30:00.000Z', by: null, home: 'n1' }, last: { drill: failed } }
  const heard: number[] = []
  first.shell.follow(({ schedules }) => { heard.push(schedules.length) })
  first.shell.keepSchedules(kept)
  assert.deepEqual([first.shell.view().schedules, heard], [[{ job: 'drill', ...failed }], [1]])
  await first.shell.pause({ reason: 'a pause keeps what else is kept' }, 'ann')
  await first.shell.stop()
  const next = await setUp(t, { store, controller: 'c2' })
  await until('the next one leads', () => next.shell.view().controller.leads)
  assert.deepEqual([next.shell.keptSchedules(), next.shell.view().paused?.by, next.shell.view().schedules.length], [kept, 'ann', 1])
})

test('a drill is ordered like a switchover, in the name of the schedule, and what a schedule tells is history', async t => {
  const { shell, report, asked, kinds, store } = await setUp(t)
  report(...HEALTHY)
  const refused = shell.drillSwitchover('n9', 'the schedule', 'failover drill').then(() => null, (error: { readonly code: string }) => error.code)
  assert.equal(await refused, 'OVSDB_HA_UNKNOWN_NODE')
  const moving = shell.drillSwitchover(null, 'the schedule', 'failover drill').catch(() => null) // the shell stops before it ends
  assert.deepEqual(asked.filter(one => one.startsWith('n1')), ['n1: handoverBegin'])
  assert.match(shell.view().operation?.trigger ?? '', /^the schedule asked for a switchover: failover drill$/)
  shell.tell('drillEnded', 'info', 'n1', 'there and back', { outcome: 'done' })
  await until('it is stored', () => kinds().includes('drillEnded'))
  assert.equal(store.entries.find(({ kind }) => kind === 'drillEnded')?.facts.outcome, 'done')
  await shell.stop()
  assert.equal(await moving, null)
})
