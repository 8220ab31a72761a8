// One host of a story: an agent's real core on a trivial server, guard and endpoint. Everything takes a fixed time.
import type { DurableState, UnitAction } from '../../agent/core/actions.ts'
import type { UnitEvent } from '../../agent/core/events.ts'
import { buildReport } from '../../agent/core/report.ts'
import type { UnitState } from '../../agent/core/state.ts'
import { bootUnit, stepUnit } from '../../agent/core/unit.ts'
import type { ServerObservation } from '../../agent/server.ts'
import type { Order, OrderReply } from '../../protocol/order.ts'
import type { Report } from '../../protocol/report.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermReply, TermRequest } from '../../protocol/vote.ts'
import { NEW_VOTER, observation, sourceOf, unitConfig } from '../fixtures.ts'
import type { Clockwork } from './clockwork.ts'
import { actionInWords } from './node-words.ts'

/** How long each slow action takes. */
const TOOK_MS: Partial<Record<UnitAction['type'], number>> = {
  startServer: 20, demoteServer: 2, killServer: 2, promoteServers: 5, takeEndpoints: 2, openGates: 2, stopServing: 1, beginHandover: 2, freezeServers: 2, awaitMarker: 3, followSource: 10, writeHeartbeat: 1
}
export const NETWORK_MS = 1

/** The world beyond this host. */
export interface Surroundings {
  readonly others: (name: string) => readonly StoryNode[]
  readonly node: (name: string) => StoryNode
  readonly onReport: (report: Report) => void
  /** Called whenever clients may have begun or ceased to be served. */
  readonly onServing: () => void
}

export interface StoryNode {
  readonly name: string
  readonly isUp: () => boolean
  readonly state: () => UnitState
  readonly server: () => ServerObservation
  /** Clients that dial the address are let in here. */
  readonly serves: () => boolean
  powerOn (): void
  /** Everything on it stops in the same instant; only what was stored stays. */
  powerOff (): void
  crashServer (): void
  selfPromote (): void
  /** Slow actions of that type end with this error from now on; null: they succeed again. */
  fail (type: UnitAction['type'], error: string | null): void
  term (request: TermRequest, answer: (reply: TermReply) => void): void
  lease (request: LeaseRequest, answer: (reply: LeaseReply) => void): void
  release (request: ReleaseRequest): void
  order (order: Order, answer: (reply: OrderReply | null, error: string | null) => void): void
  replicate (from: string, position: ServerObservation['position']): void
}

export function createStoryNode (name: string, clock: Clockwork, world: Surroundings): StoryNode {
  const config = unitConfig({ node: name })
  const failures = new Map<UnitAction['type'], string>()
  const answers = new Map<number, (reply: never, error: string | null) => void>()
  const down = observation({ health: 'down', reason: 'the process ended', role: 'unknown', hasRows: false })
  let durable: DurableState = NEW_VOTER
  let state: UnitState | null = null
  let boot = 0
  let server = down
  let held = false
  let guardUntilMs = 0
  let requests = 0
  let wakes = 0
  let lingering = 0
  let sequence = 0
  let lastSaid = ''

  /** Later on this host, unless it lost its power meanwhile. */
  function later (delayMs: number, what: () => void): void {
    const since = boot
    clock.after(delayMs, () => { if (state !== null && boot === since) what() })
  }

  function send (event: UnitEvent): void {
    if (state !== null) perform(stepUnit(config, state, event, clock.nowMs()))
  }

  function perform ([next, actions]: readonly [UnitState, readonly UnitAction[]]): void {
    state = next
    for (const action of actions) {
      const words = actionInWords(action, next)
      if (words !== null) clock.say(name, words)
      act(action)
    }
    report(false)
  }

  function act (action: UnitAction): void {
    switch (action.type) {
      case 'persist':
        durable = action.durable
        return
      case 'answerTerm':
      case 'answerLease': return answer(action.requestId, action.reply, null)
      case 'answerRelease': return answer(action.requestId, null, null)
      case 'answerOrder': return answer(action.orderId, action.reply, null)
      case 'refuseOrder': return answer(action.orderId, null, `refused: ${action.refusal.kind}`)
      case 'askVoters':
        for (const other of world.others(name)) later(NETWORK_MS, () => other.lease(action.request, reply => later(NETWORK_MS, () => send({ type: 'leaseAnswered', roundId: action.roundId, voter: other.name, reply }))))
        return
      case 'tellVoters':
        for (const other of world.others(name)) later(NETWORK_MS, () => other.release(action.request))
        return
      case 'extendGuard': return openGuard(action.untilMs)
      case 'releaseEndpoints': return letGoAfter(action.afterMs)
      case 'takeEndpoints': {
        lingering++ // a node that becomes active again keeps the address
        return later(TOOK_MS.takeEndpoints ?? 1, () => finish(action))
      }
      case 'wakeAt': return wakeIn(Math.max(1, Math.ceil(action.atMs - clock.nowMs())))
      case 'announceEndpoints':
      case 'abandonFollow':
      case 'happened': return
      default: later(TOOK_MS[action.type] ?? 1, () => finish(action))
    }
  }

  /** Only the wake-up that was asked for last counts. */
  function wakeIn (delayMs: number): void {
    const asked = ++wakes
    later(delayMs, () => { if (wakes === asked) send({ type: 'woke' }) })
  }

  function letGoAfter (delayMs: number): void {
    const asked = ++lingering
    later(delayMs, () => { if (lingering === asked) hold(false) })
  }

  function finish (action: Extract<UnitAction, { op: number }>): void {
    const error = failures.get(action.type) ?? null
    if (error === null) change(action)
    world.onServing()
    if (action.type === 'startServer' && error === null) {
      look()
      send({ type: 'serverStarted', server: 'nb', op: action.op, adopted: false, role: 'backup' })
    } else {
      send({ type: 'finished', op: action.op, error, steps: [] })
    }
    if (action.type !== 'writeHeartbeat') look()
  }

  /** What the action does to this host when it succeeds. */
  function change (action: Extract<UnitAction, { op: number }>): void {
    const backup = { role: 'backup', source: null, replication: 'none' } as const
    switch (action.type) {
      case 'startServer':
        server = { ...server, ...backup, health: 'up', reason: null, gateOpen: false }
        return
      case 'demoteServer':
        if (server.health === 'up') server = { ...server, ...backup, gateOpen: false }
        return
      case 'freezeServers':
        server = { ...server, ...backup }
        return
      case 'promoteServers':
      case 'writeHeartbeat':
        server = { ...server, role: 'active', source: null, replication: 'none', position: action.position, hasRows: true }
        for (const other of world.others(name)) clock.after(NETWORK_MS, () => other.replicate(name, action.position))
        return
      case 'takeEndpoints':
        openGuard(action.untilMs)
        return hold(true)
      case 'openGates':
      case 'beginHandover':
      case 'stopServing':
        server = { ...server, gateOpen: action.type === 'openGates' }
        if (action.type === 'stopServing') guardUntilMs = 0
        return
      case 'followSource': {
        const source = world.node(action.source).server()
        server = { ...server, role: 'backup', source: sourceOf(action.source), replication: 'replicating', complete: true, position: source.position, hasRows: source.hasRows }
      }
    }
  }

  function openGuard (untilMs: number): void {
    guardUntilMs = untilMs
    later(untilMs - clock.nowMs(), world.onServing)
  }

  function hold (has: boolean): void {
    held = has
    world.onServing()
    send({ type: 'endpointsSeen', held: { '10.0.0.100': has } })
  }

  function look (): void {
    send({ type: 'observed', server: 'nb', startedAtMs: clock.nowMs(), observation: server })
  }

  function every (pauseMs: number, what: () => void): void {
    later(pauseMs, () => {
      what()
      every(pauseMs, what)
    })
  }

  function report (heartbeat: boolean): void {
    if (state === null) return
    const extras = { bootId: `boot-${boot}`, sequence: ++sequence, configDigest: 'digest', databases: { nb: 'OVN_Northbound' }, rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 }, guardProblem: null }
    const current = buildReport(config, state, extras, clock.nowMs())
    const said = JSON.stringify(current, (key, value: unknown) => key === 'sequence' || key === 'remainingMs' || key === 'renewedAgoMs' ? undefined : value)
    if (!heartbeat && said === lastSaid) return
    lastSaid = said
    later(NETWORK_MS, () => world.onReport(current))
  }

  function ask (answered: (reply: never, error: string | null) => void, event: (id: number) => UnitEvent): void {
    if (state === null) return
    answers.set(++requests, answered)
    send(event(requests))
  }

  function answer (id: number, reply: unknown, error: string | null): void {
    answers.get(id)?.(reply as never, error)
    answers.delete(id)
  }

  return {
    name,
    isUp: () => state !== null,
    state: () => state ?? bootUnit(config, durable, clock.nowMs())[0],
    server: () => server,
    serves: () => state !== null && held && server.health === 'up' && server.gateOpen && guardUntilMs > clock.nowMs(),
    powerOn () {
      boot++
      lastSaid = ''
      perform(bootUnit(config, durable, clock.nowMs()))
      every(config.timing.probeEveryMs, look)
      every(config.timing.reportEveryMs, () => report(true))
    },
    powerOff () {
      state = null
      held = false
      guardUntilMs = 0
      server = { ...server, ...down, position: server.position, hasRows: server.hasRows, gateOpen: false }
      answers.clear()
      world.onServing()
    },
    crashServer () {
      server = { ...server, health: 'down', reason: 'the process ended', role: 'unknown', source: null, replication: 'none', gateOpen: false }
      world.onServing()
      look()
    },
    selfPromote () {
      server = { ...server, role: 'active', source: null, replication: 'none' }
      world.onServing()
      look()
    },
    fail: (type, error) => { if (error === null) failures.delete(type); else failures.set(type, error) },
    term: (request, answered) => ask(answered, requestId => ({ type: 'termAsked', requestId, request })),
    lease: (request, answered) => ask(answered, requestId => ({ type: 'leaseAsked', requestId, request })),
    release: request => ask(() => undefined, requestId => ({ type: 'releaseTold', requestId, request })),
    order: (order, answered) => ask(answered, orderId => ({ type: 'ordered', orderId, order })),
    replicate: (from, position) => { if (server.source === sourceOf(from) && server.health === 'up') server = { ...server, position, hasRows: true } }
  }
}
