// The one loop of a unit: events in, one at a time, through the pure step; actions out, in order. What is slow is started
// and comes back as an event, so that giving up never waits behind a slow command.
import type { Logger } from 'pino'
import { InvariantError } from '../protocol/invariant.ts'
import type { Order, OrderReply } from '../protocol/order.ts'
import type { CompanionReport, Happening, Problem, Report } from '../protocol/report.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermReply, TermRequest } from '../protocol/vote.ts'
import { monotonicMs } from './clock.ts'
import type { UnitAction } from './core/actions.ts'
import type { UnitEvent } from './core/events.ts'
import { buildReport } from './core/report.ts'
import type { UnitConfig, UnitState } from './core/state.ts'
import { bootUnit, stepUnit } from './core/unit.ts'
import { demote } from './demote.ts'
import type { DurableFile } from './durable.ts'
import type { Endpoint } from './endpoint/endpoint.ts'
import { createLooks } from './looks.ts'
import type { Operations, Outcome } from './operations.ts'
import { refusalError } from './order-refusal.ts'
import { ShellOverloadedError, type StateNotStoredError } from './shell-errors.ts'
import type { OvsdbServer } from './server.ts'
import { createStoring } from './storing.ts'
import type { UnitService } from './unit-service.ts'

/** More events than this waiting is a fault, not load: requests are refused, observations are dropped. */
const EVENTS_MAX = 1_000
/** After a step that could not be stored, time-driven steps are tried again this late. */
const RETRY_MS = 100

export interface VoterPeer {
  lease (request: LeaseRequest, deadlineMs: number): Promise<LeaseReply>
  release (request: ReleaseRequest, deadlineMs: number): Promise<void>
}

export interface UnitShellOptions {
  readonly config: UnitConfig
  readonly bootId: string
  readonly configDigest: string
  readonly databases: Readonly<Record<string, string>>
  /** node -> its own address, for replication (S5). */
  readonly addresses: Readonly<Record<string, string>>
  readonly servers: readonly OvsdbServer[]
  readonly endpoints: readonly Endpoint[]
  readonly operations: Operations
  readonly durable: DurableFile
  /** The fellow voters by name. */
  readonly voters: ReadonlyMap<string, VoterPeer>
  readonly rescueUsage: () => Report['rescues']
  readonly companions?: (() => readonly CompanionReport[]) | undefined
  readonly problems: ProblemBoard
  readonly logger: Logger
  /** A bug was found: this unit shut its gates; the process must end. */
  readonly onInvariantBroken: (error: Error) => void
}

/** `message` is null when the problem is over, `before` when it is new. */
export type ProblemListener = (code: string, message: string | null, before: string | null) => void

/** Problems that adapters raise and clear; by code. */
export interface ProblemBoard {
  set (code: string, message: string | null): void
  list (): readonly Problem[]
  onChange (listener: ProblemListener): void
}

export interface UnitShell extends UnitService {
  start (): Promise<void>
  /** Lets go without touching servers, guard or endpoints: an agent that restarts within its lease changes nothing. */
  stop (): Promise<void>
  /** Resolves when the loop that renews the lease took another event. */
  beat (): Promise<void>
  /** A happening that a part of the unit tells by itself. */
  readonly tell: (kind: string, message: string, facts: Happening['facts']) => void
}

type Waiting = { readonly resolve: (value: never) => void, readonly reject: (error: Error) => void }

export function createUnitShell (options: UnitShellOptions): UnitShell {
  const { config, operations, durable, voters, logger, servers } = options
  const log = logger.child({ cluster: config.cluster, node: config.node })
  const store = createStoring({ cluster: config.cluster, node: config.node, durable, problems: options.problems, log })
  const queue: UnitEvent[] = []
  const waiting = new Map<number, Waiting>()
  const followers = new Set<{ onReport: (report: Report) => void, onHappening: (happening: Happening) => void }>()
  const follows = new Map<number, AbortController>()
  const looks = createLooks({
    servers,
    onSeen: (server, startedAtMs, observation) => push({ type: 'observed', server, startedAtMs, observation }),
    onBroken: broken
  })
  const [timers, beats] = [new Set<NodeJS.Timeout>(), [] as Array<() => void>]
  let state: UnitState | null = null
  let draining = false
  let stopped = false
  let requestIds = 0
  let reportSequence = 0
  let happenings = 0
  let lastSaid = ''
  let wake: NodeJS.Timeout | null = null

  function push (event: UnitEvent): void {
    if (stopped) return
    if (queue.length >= EVENTS_MAX) {
      log.error({ type: event.type }, 'event dropped: the queue is full')
      return
    }
    queue.push(event)
    if (!draining) {
      draining = true
      drain().catch((error: unknown) => broken(error))
    }
  }

  async function drain (): Promise<void> {
    try {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) await take(event)
    } finally {
      draining = false
    }
  }

  async function take (event: UnitEvent): Promise<void> {
    if (state === null) return
    const [next, actions] = stepUnit(config, state, event, monotonicMs())
    const failure = await commit(next, actions)
    if (failure !== null) notStored(event, failure)
    for (const done of beats.splice(0)) done()
  }

  /** What must be stored is stored first; when it cannot be, the step did not happen. Resolves to that failure, or null. */
  async function commit (next: UnitState, actions: readonly UnitAction[]): Promise<StateNotStoredError | null> {
    const stores = actions.filter(action => action.type === 'persist')
    const last = stores.at(-1)
    const failure = last === undefined ? null : await store(last.durable)
    if (failure !== null) return failure
    state = next
    for (const action of actions) perform(action)
    sayReport()
    return null
  }

  /** Whoever asked is told so. What ended by itself is told only once, so it is taken again; all else comes again. */
  function notStored (event: UnitEvent, error: StateNotStoredError): void {
    if ('requestId' in event) settle(event.requestId)?.reject(error)
    if ('orderId' in event) settle(event.orderId)?.reject(error)
    if (event.type === 'finished' || event.type === 'serverStarted') {
      const again = setTimeout(() => {
        timers.delete(again)
        push(event)
      }, RETRY_MS)
      timers.add(again)
    }
    // what was due in the same step (a lease that ends) may not wait for a disk that fails
    if (event.type === 'woke') wakeIn(RETRY_MS)
    else push({ type: 'woke' })
  }

  function settle (id: number): Waiting | undefined {
    const found = waiting.get(id)
    waiting.delete(id)
    return found
  }

  function perform (action: UnitAction): void {
    switch (action.type) {
      case 'persist': return
      case 'answerTerm':
      case 'answerLease': return settle(action.requestId)?.resolve(action.reply as never)
      case 'answerRelease': return settle(action.requestId)?.resolve(undefined as never)
      case 'answerOrder': return settle(action.orderId)?.resolve(action.reply as never)
      case 'refuseOrder': return settle(action.orderId)?.reject(refusalError(config.cluster, config.node, action.order, action.refusal))
      case 'askVoters': return askVoters(action.roundId, action.request)
      case 'tellVoters': return tellVoters(action.request)
      case 'startServer': return startServer(action.server, action.op)
      case 'demoteServer': return run(action.op, only(action.server, 'demote', server => demote(server, action.lastMarker, log)))
      case 'killServer': return run(action.op, only(action.server, 'kill', server => server.kill()))
      case 'restartServers': return run(action.op, operations.restart(action.servers).finally(() => looks.atAll()))
      case 'convertDatabases': return run(action.op, operations.convert(action.servers))
      case 'promoteServers': return run(action.op, operations.promoteServers(action.position, { force: action.force, lastWrites: action.lastWrites }))
      case 'takeEndpoints': return run(action.op, operations.takeEndpoints(action.untilMs))
      case 'openGates': return run(action.op, operations.openGates())
      case 'extendGuard':
        operations.extendGuard(action.untilMs, action.endpoints).catch((error: unknown) => { options.problems.set('renewal', words(error)) })
        return
      case 'announceEndpoints':
        operations.announceEndpoints()
        return lookAtEndpoints()
      case 'stopServing': return run(action.op, operations.stopServing(action.kill))
      case 'releaseEndpoints': return operations.releaseEndpoints(action.afterMs, lookAtEndpoints)
      case 'beginHandover': return run(action.op, operations.beginHandover(action.marker))
      case 'freezeServers': return run(action.op, operations.freezeServers())
      case 'awaitMarker': return run(action.op, operations.awaitMarker(action.marker, action.deadlineMs))
      case 'followSource': return follow(action)
      case 'abandonFollow': return follows.get(action.op)?.abort()
      case 'writeHeartbeat': return run(action.op, heartbeat(action.position))
      case 'happened': return happen(action.kind, action.message, action.facts)
      case 'wakeAt': return wakeIn(action.atMs - monotonicMs())
      default: action satisfies never
    }
  }

  function run (op: number, outcome: Promise<Outcome>): void {
    outcome.then(
      ({ error, steps }) => push({ type: 'finished', op, error, steps }),
      (error: unknown) => push({ type: 'finished', op, error: words(error), steps: [] })
    )
  }

  async function only (name: string, step: string, act: (server: OvsdbServer) => Promise<void>): Promise<Outcome> {
    const startMs = monotonicMs()
    const server = servers.find(one => one.name === name)
    let error: string | null = null
    try {
      if (server !== undefined) await act(server)
    } catch (cause) {
      error = words(cause)
      log.warn({ server: name, step, err: cause }, 'server operation failed')
    }
    looks.at(name)
    return { error, steps: [{ name: `${step} ${name}`, startMs, endMs: monotonicMs(), error }] }
  }

  async function heartbeat (position: Parameters<Operations['writeHeartbeat']>[0]): Promise<Outcome> {
    const outcome = await operations.writeHeartbeat(position)
    // of a server that ceased to serve meanwhile nobody expects a row
    const wanted = state?.phase.type === 'active'
    options.problems.set('heartbeat', outcome.error === null || !wanted ? null : `the heartbeat row could not be written: ${outcome.error}`)
    return outcome
  }

  function follow (action: Extract<UnitAction, { type: 'followSource' }>): void {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(new Error(`not complete after ${action.deadlineMs} ms`)), action.deadlineMs)
    timers.add(timer)
    follows.set(action.op, controller)
    run(action.op, operations.follow({ node: action.source, address: options.addresses[action.source] ?? '' }, controller.signal).finally(() => {
      clearTimeout(timer)
      timers.delete(timer)
      follows.delete(action.op)
      looks.atAll()
    }))
  }

  function askVoters (roundId: number, request: LeaseRequest): void {
    for (const [name, voter] of voters) {
      voter.lease(request, config.timing.leaseMs).then(
        reply => push({ type: 'leaseAnswered', roundId, voter: name, reply }),
        (error: unknown) => log.debug({ voter: name, err: error }, 'voter did not answer')
      )
    }
  }

  function tellVoters (request: ReleaseRequest): void {
    for (const [name, voter] of voters) {
      voter.release(request, config.timing.leaseMs).catch((error: unknown) => log.debug({ voter: name, err: error }, 'voter was not told of the release'))
    }
  }

  function startServer (name: string, op: number): void {
    const server = servers.find(one => one.name === name)
    if (server === undefined) return
    server.start().then(async ({ adopted }) => {
      const startedAtMs = monotonicMs()
      const observation = await server.observe()
      push({ type: 'observed', server: name, startedAtMs, observation })
      push({ type: 'serverStarted', server: name, op, adopted, role: observation.role })
      happen('serverStarted', `server ${name} ${adopted ? 'was running and is adopted' : 'was started as a backup'}`, { server: name, adopted, pid: observation.pid })
    }).catch((error: unknown) => {
      happen('serverStartFailed', `server ${name} could not be started: ${words(error)}`, { server: name })
      push({ type: 'finished', op, error: words(error), steps: [] })
    })
  }

  async function seeEndpoints (): Promise<void> {
    const held: Record<string, boolean> = {}
    try {
      for (const endpoint of options.endpoints) for (const [address, has] of await endpoint.held()) held[address] = has
      push({ type: 'endpointsSeen', held })
      options.problems.set('endpointUnseen', null)
    } catch (error) {
      options.problems.set('endpointUnseen', words(error))
    }
  }

  function lookAtEndpoints (): void {
    seeEndpoints().catch((error: unknown) => broken(error))
  }

  function happen (kind: string, message: string, facts: Happening['facts']): void {
    const happening: Happening = { cluster: config.cluster, node: config.node, bootId: options.bootId, sequence: ++happenings, kind, message, facts }
    log.info({ kind, ...facts }, message)
    for (const follower of followers) follower.onHappening(happening)
  }

  /** A problem may last for less than anybody looks, and still have cost clients something: it is told when it begins and when it ends. */
  function problemChanged (code: string, message: string | null, before: string | null): void {
    push({ type: 'problemsSeen', problems: options.problems.list() })
    if (message === null) happen('problemEnded', `${config.node} is rid of its problem: ${before ?? code}`, { code })
    else if (before === null) happen('problemBegan', `${config.node} has a problem: ${message}`, { code })
  }

  function report (): Report {
    if (state === null) throw new ShellOverloadedError(config.cluster, config.node, 'the agent is still starting')
    return buildReport(config, state, {
      bootId: options.bootId,
      sequence: ++reportSequence,
      configDigest: options.configDigest,
      databases: options.databases,
      rescues: options.rescueUsage(),
      companions: options.companions?.(),
      guardProblem: options.problems.list().find(problem => problem.code === 'guard' || problem.code === 'renewal')?.message ?? null
    }, monotonicMs())
  }

  /** Everybody is told at once when anything but the passing of time changed. */
  function sayReport (): void {
    if (followers.size === 0) return
    const current = report()
    const said = JSON.stringify(current, (key, value: unknown) => key === 'sequence' || key === 'remainingMs' || key === 'renewedAgoMs' ? undefined : value)
    if (said === lastSaid) return
    lastSaid = said
    for (const follower of followers) follower.onReport(current)
  }

  function wakeIn (delayMs: number): void {
    if (wake !== null) clearTimeout(wake)
    wake = stopped ? null : setTimeout(() => push({ type: 'woke' }), Math.max(1, Math.ceil(delayMs)))
  }

  /** A bug of ours: nobody may be served on its account. Shut first, then let the process end (S4). */
  function broken (error: unknown): void {
    const found = error instanceof Error ? error : new InvariantError(String(error))
    log.fatal({ err: found }, 'a bug: this node stops serving')
    stopped = true
    operations.stopServing([]).finally(() => options.onInvariantBroken(found)).catch((failure: unknown) => log.fatal({ err: failure }, 'could not stop serving'))
  }

  function ask<Reply> (make: (requestId: number) => UnitEvent): Promise<Reply> {
    if (state === null || stopped || queue.length >= EVENTS_MAX) {
      return Promise.reject(new ShellOverloadedError(config.cluster, config.node, stopped ? 'the agent is stopping' : 'the agent is starting or overloaded'))
    }
    const requestId = ++requestIds
    const reply = new Promise<Reply>((resolve, reject) => waiting.set(requestId, { resolve: resolve as (value: never) => void, reject }))
    push(make(requestId))
    return reply
  }

  async function start (): Promise<void> {
    const [booted, actions] = bootUnit(config, await durable.load(), monotonicMs())
    options.problems.onChange(problemChanged)
    for (const server of servers) server.onTrouble(() => looks.at(server.name))
    const failure = await commit(booted, actions)
    if (failure !== null) throw failure
    push({ type: 'problemsSeen', problems: options.problems.list() })
    const every = setInterval(() => {
      looks.atAll()
    }, config.timing.probeEveryMs)
    timers.add(every)
    if (options.endpoints.length > 0) timers.add(setInterval(lookAtEndpoints, config.timing.heartbeatEveryMs))
  }

  async function stop (): Promise<void> {
    stopped = true
    for (const timer of timers) clearTimeout(timer)
    if (wake !== null) clearTimeout(wake)
    for (const controller of follows.values()) controller.abort()
    for (const { reject } of waiting.values()) reject(new ShellOverloadedError(config.cluster, config.node, 'the agent is stopping'))
    waiting.clear()
    await operations.detach()
  }

  return {
    cluster: config.cluster,
    start,
    stop,
    tell: happen,
    beat () {
      push({ type: 'woke' })
      return new Promise(resolve => { beats.push(resolve) })
    },
    report,
    follow: (onReport, onHappening) => {
      const follower = { onReport, onHappening }
      followers.add(follower)
      return () => { followers.delete(follower) }
    },
    term: (request: TermRequest) => ask<TermReply>(requestId => ({ type: 'termAsked', requestId, request })),
    lease: (request: LeaseRequest) => ask<LeaseReply>(requestId => ({ type: 'leaseAsked', requestId, request })),
    release: (request: ReleaseRequest) => ask<undefined>(requestId => ({ type: 'releaseTold', requestId, request })),
    order: (order: Order) => ask<OrderReply>(orderId => ({ type: 'ordered', orderId, order }))
  }
}

function words (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
