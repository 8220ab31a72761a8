import type { UnitAction } from '../../agent/core/actions.ts'
import type { UnitEvent } from '../../agent/core/events.ts'
import { buildReport } from '../../agent/core/report.ts'
import { leaseOf, type UnitConfig, type UnitState } from '../../agent/core/state.ts'
import { bootUnit, stepUnit } from '../../agent/core/unit.ts'
import type { Order, OrderReply } from '../../protocol/order.ts'
import type { Report } from '../../protocol/report.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermReply, TermRequest } from '../../protocol/vote.ts'
import { firstDurable } from './membership.ts'
import { createNodeCommands, type NodeCommands, type Outcome } from './node-commands.ts'
import type { Observer } from './invariants.ts'
import type { KernelModel } from './kernel-model.ts'
import type { Network } from './network.ts'
import type { NodeClock } from './node-clock.ts'
import { saysTheSame, type Said } from './said.ts'
import type { ServerModel } from './server-model.ts'
import type { Settings } from './settings.ts'
import { createVoterDisk, type VoterDisk } from './voter-disk.ts'
import type { Random, World } from './world.ts'

export interface OrderAnswer { readonly reply: OrderReply | null, readonly error: string | null }

/** One node: its agent (the real core in a shell of virtual time), its servers and its kernel, which outlive the agent. */
export interface AgentNode {
  readonly name: string
  readonly servers: readonly ServerModel[]
  readonly kernel: KernelModel
  readonly clock: NodeClock
  readonly disk: VoterDisk
  readonly state: () => UnitState | null
  readonly running: () => boolean
  readonly serves: (server: ServerModel) => boolean
  /** The term in which this node last opened its gates. */
  readonly servingTerm: () => number
  readonly phaseAgeMs: () => number
  boot (): void
  /** Kills the agent's process: at once, or between two of its next actions. */
  crash (): void
  crashSoon (actions: number): void
  pause (): void
  resume (): void
  look (server: ServerModel): void
  askTerm (request: TermRequest, answer: (reply: TermReply) => void): void
  /** `sentAtMs`: when the holder asked, for the checker alone. */
  askLease (request: LeaseRequest, sentAtMs: number, answer: (reply: LeaseReply) => void): void
  tellRelease (request: ReleaseRequest): void
  order (order: Order, answer: (answer: OrderAnswer) => void): void
  /** Streams reports until the listener says no; false while no agent listens. */
  follow (listener: (report: Report) => boolean, onEnd: () => void): boolean
}

export interface NodeContext {
  readonly world: World
  readonly random: Random
  readonly network: Network
  readonly settings: Settings
  readonly observer: Observer
  readonly peers: () => readonly AgentNode[]
}

const EVENTS_MAX = 1_000
/** What ended by itself is told only once: when its step could not be stored it is taken again (agent/shell.ts). */
const STORE_RETRY_MS = 100

export function createAgentNode (context: NodeContext, given: UnitConfig, clock: NodeClock, servers: readonly ServerModel[], kernel: KernelModel): AgentNode {
  const { world, random, network, settings, observer } = context
  const { node: name } = given
  let config = given
  const disk = createVoterDisk(world, random, settings.fsyncMs, firstDurable(settings), ({ voter, ownRelease }) => {
    observer.stored(name, voter)
    // final from here on, also when nobody is told before it crashes
    observer.released(name, ownRelease.term)
  })
  let state: UnitState | null = null
  let boot = 0
  let running = false
  let paused = false
  let busy = false
  let draining = false
  let queue: UnitEvent[] = []
  let waiting = new Map<number, (answer: never) => void>()
  let requestIds = 0
  let reportSequence = 0
  let said: Said | null = null
  let crashIn = 0
  let followers: { readonly listener: (report: Report) => boolean, readonly onEnd: () => void }[] = []
  let wake = 0
  let held: (() => void)[] = []
  let looking = new Set<string>()
  let servingTerm = 0
  let phaseSinceMs = 0
  let commands: NodeCommands

  const localMs = clock.nowMs

  function push (event: UnitEvent): void {
    if (!running || queue.length >= EVENTS_MAX) return
    queue.push(event)
    drain()
  }

  function drain (): void {
    if (draining) return
    draining = true
    while (running && !paused && !busy) {
      const event = queue.shift()
      if (event === undefined) break
      step(event)
    }
    draining = false
  }

  function step (event: UnitEvent): void {
    if (state === null) return
    const before = state
    try {
      const [next, actions] = stepUnit(config, state, event, localMs())
      commit(event, before, next, actions)
    } catch (error) {
      observer.violate(`BUG ${name} broke an invariant of its own on ${event.type}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
    }
  }

  /** As the shell does it: what must be stored is stored first, and nothing else is taken meanwhile. */
  function commit (event: UnitEvent, before: UnitState | null, next: UnitState, actions: readonly UnitAction[]): void {
    const store = actions.findLast(action => action.type === 'persist')
    if (store === undefined) return perform(before, next, actions)
    busy = true
    disk.store(store.durable, failure => whenRunning(() => {
      busy = false
      if (failure === null) perform(before, next, actions)
      else notStored(event)
      drain()
    }))
  }

  /** The step did not happen, and whoever asked hears nothing in time. What was due in it may not wait for the disk. */
  function notStored (event: UnitEvent): void {
    const mine = boot
    if ('requestId' in event) waiting.delete(event.requestId)
    if ('orderId' in event) settle(event.orderId, { reply: null, error: 'the state could not be stored' } as never)
    const again = (late: UnitEvent): void => world.after(STORE_RETRY_MS, () => { if (mine === boot) push(late) })
    if (event.type === 'finished' || event.type === 'serverStarted') again(event)
    if (event.type === 'woke') again(event)
    else push({ type: 'woke' })
  }

  /** A frozen process goes on where it was when it is woken. */
  function whenRunning (run: () => void): void {
    if (paused) held.push(run)
    else run()
  }

  function perform (before: UnitState | null, next: UnitState, actions: readonly UnitAction[]): void {
    state = next
    if (before?.phase.type !== next.phase.type) phaseChanged(before, next)
    for (const action of actions) {
      if (crashIn > 0 && --crashIn === 0) {
        observer.disturbed() // long after the fault, perhaps
        return crash()
      }
      act(action)
      if (!running) return
    }
    sayReport()
  }

  function phaseChanged (before: UnitState | null, { phase }: UnitState): void {
    phaseSinceMs = world.now()
    const term = leaseOf(phase)?.term ?? (phase.type === 'stopping' ? phase.term : 0)
    world.note(`${name} ${before?.phase.type ?? 'boot'} -> ${phase.type}${term === 0 ? '' : ` in term ${term}`}${phase.type === 'stopping' ? ` (${phase.reason}: ${phase.detail})` : ''}`)
    if (phase.type === 'promoting' || phase.type === 'active') observer.promotes(name, term)
    if (phase.type === 'stopping' && before?.phase.type !== 'promoting' && before?.phase.type !== 'resuming') observer.stopped(name, phase.reason)
  }

  function act (action: UnitAction): void {
    switch (action.type) {
      case 'persist': return
      case 'answerTerm':
      case 'answerLease': return settle(action.requestId, action.reply as never)
      case 'answerRelease': return settle(action.requestId, undefined as never)
      case 'answerOrder': return settle(action.orderId, { reply: action.reply, error: null } as never)
      case 'refuseOrder': return settle(action.orderId, { reply: null, error: `refused: ${JSON.stringify(action.refusal)}` } as never)
      case 'askVoters': return askVoters(action.roundId, action.request)
      case 'tellVoters': return tellVoters(action.request)
      case 'happened': return
      case 'wakeAt': return wakeAt(action.atMs)
      default:
        if (action.type === 'promoteServers' || action.type === 'takeEndpoints' || action.type === 'openGates') checkLease(action.type)
        commands.perform(action)
    }
  }

  /** Nobody is let in, nor anything prepared for it, without a lease (S4). */
  function checkLease (doing: string): void {
    if (state?.phase.type === 'stopping') return // the same step saw that the lease ends too soon
    const lease = state === null ? null : leaseOf(state.phase)
    if (lease === null || lease.untilMs <= localMs()) observer.violate(`S4 ${name} begins ${doing} without a lease`)
  }

  function settle (id: number, answer: never): void {
    const found = waiting.get(id)
    waiting.delete(id)
    found?.(answer)
  }

  function askVoters (roundId: number, request: LeaseRequest): void {
    observer.countsBy(name, request.voters)
    const mine = boot
    for (const peer of context.peers()) {
      if (peer.name === name) continue
      const sentAtMs = world.now()
      network.send(name, peer.name, () => peer.askLease(request, sentAtMs, reply => network.send(peer.name, name, () => {
        if (mine === boot) push({ type: 'leaseAnswered', roundId, voter: peer.name, reply })
      })))
    }
  }

  function tellVoters (request: ReleaseRequest): void {
    observer.released(name, request.term)
    for (const peer of context.peers()) if (peer.name !== name) network.send(name, peer.name, () => peer.tellRelease(request))
  }

  function wakeAt (atMs: number): void {
    const mine = ++wake
    world.after(Math.max(1, atMs - localMs()) / clock.rate + random.between(0, 3), () => { if (mine === wake) push({ type: 'woke' }) })
  }

  function finished (op: number, { error, steps }: Outcome): void {
    push({ type: 'finished', op, error, steps: [...steps] })
  }

  function look (server: ServerModel): void {
    if (!running || paused || looking.has(server.name)) return
    looking.add(server.name)
    const mine = boot
    const startedAtMs = localMs()
    const observation = server.observe()
    world.after(random.between(0.2, 8), () => {
      if (mine !== boot) return
      looking.delete(server.name)
      push({ type: 'observed', server: server.name, startedAtMs, observation })
    })
  }

  function every (periodMs: number, mine: number, run: () => void): void {
    world.after(periodMs, () => {
      if (mine !== boot || !running) return
      run()
      every(periodMs, mine, run)
    })
  }

  function report (): Report {
    const known = state
    if (known === null) throw new Error('no state')
    return buildReport(config, known, { bootId: `${name}-${boot}`, sequence: ++reportSequence, configDigest: '', databases: {}, rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 }, guardProblem: null }, localMs())
  }

  function tell (current: Report): void {
    followers = followers.filter(({ listener }) => listener(current))
  }

  function sayReport (): void {
    if (followers.length === 0 || state === null) return
    const now = { state, atMs: localMs() }
    if (said !== null && saysTheSame(config, said, now)) return
    said = now
    tell(report())
  }

  function crash (): void {
    if (!running) return
    running = false
    paused = false
    busy = false
    boot++
    wake++
    crashIn = 0
    disk.interrupt()
    state = null
    queue = []
    held = []
    waiting = new Map()
    looking = new Set()
    world.note(`${name} agent crashes`)
    observer.disturbed()
    for (const { onEnd } of followers.splice(0)) onEnd()
  }

  function start (): void {
    if (running) return
    running = true
    boot++
    said = null
    const mine = boot
    config = { ...given, boot: `${name}-${boot}` }
    commands = createNodeCommands({ ...context, config, servers, kernel, localMs, finished, started: (server, op, adopted) => startEnded(server, op, adopted), look, gatesOpened, alive: () => mine === boot && running, whenRunning })
    const [booted, actions] = bootUnit(config, disk.restored(), localMs())
    observer.started(name)
    world.note(`${name} agent starts with term ${disk.term()}${disk.torn() ? ', and its file is torn' : ''}`)
    commit({ type: 'woke' }, null, booted, actions)
    for (const server of servers) {
      server.agentStarted()
      every(config.timing.probeEveryMs, boot, () => look(server))
    }
    every(config.timing.reportEveryMs, boot, () => { if (!paused && followers.length > 0) tell(report()) })
  }

  function startEnded (server: ServerModel, op: number, adopted: boolean): void {
    const observation = server.observe()
    push({ type: 'observed', server: server.name, startedAtMs: localMs(), observation })
    push({ type: 'serverStarted', server: server.name, op, adopted, role: observation.role })
  }

  function gatesOpened (): void {
    if (state === null) return
    const { phase } = state
    servingTerm = leaseOf(phase)?.term ?? servingTerm
    observer.beganToServe(name, servingTerm, phase.type !== 'promoting' || phase.asked === null)
  }

  function ask<Reply> (answer: (reply: Reply) => void, seen?: (reply: Reply) => void): number {
    waiting.set(++requestIds, (reply: Reply) => {
      seen?.(reply)
      answer(reply)
    })
    return requestIds
  }

  return {
    name,
    servers,
    kernel,
    clock,
    disk,
    state: () => state,
    running: () => running,
    serves: server => kernel.vipPresent() && kernel.guardOpen() && server.gateOpen() && server.running() && !server.hung() && server.active(),
    servingTerm: () => servingTerm,
    phaseAgeMs: () => world.now() - phaseSinceMs,
    boot: start,
    crash,
    crashSoon (actions) { crashIn = actions },
    pause () {
      if (!running || paused) return
      paused = true
      world.note(`${name} agent freezes`)
    },
    resume () {
      if (!paused) return
      paused = false
      world.note(`${name} agent goes on`)
      const runs = held
      held = []
      for (const run of runs) if (running) run()
      drain()
    },
    look,
    askTerm (request, answer) {
      if (!running) return
      push({ type: 'termAsked', request, requestId: ask(answer, reply => observer.saidYesToTerm(name, request, reply)) })
    },
    askLease (request, sentAtMs, answer) {
      if (!running) return
      push({ type: 'leaseAsked', request, requestId: ask(answer, reply => observer.saidYesToLease(name, request, reply, sentAtMs)) })
    },
    tellRelease (request) {
      if (running) push({ type: 'releaseTold', request, requestId: ask<undefined>(() => {}) })
    },
    order (order, answer) {
      if (!running) return answer({ reply: null, error: 'connection refused' })
      const known = disk.term()
      push({
        type: 'ordered',
        order,
        orderId: ask<OrderAnswer>(said => {
          if (order.type === 'promote' && said.reply?.ok === true && state?.phase.type === 'backup') observer.violate(`S8 ${name} says that it was promoted in term ${order.term}, and is a backup`)
          if (said.reply !== null && order.term < known) observer.violate(`S1 ${name} obeyed an order to ${order.type} of term ${order.term} when it knew term ${known}`)
          answer(said)
        })
      })
    },
    follow (listener, onEnd) {
      if (!running || paused || state === null) return false
      followers.push({ listener, onEnd })
      listener(report())
      return true
    }
  }
}
