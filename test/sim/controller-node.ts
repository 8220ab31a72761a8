import type { ClusterAction } from '../../controller/core/actions.ts'
import { stepCluster } from '../../controller/core/cluster.ts'
import type { ClusterEvent } from '../../controller/core/events.ts'
import type { NodePreference, Preferences } from '../../controller/core/preference.ts'
import { bootCluster, type ClusterState, type CoreConfig, type EndedOperation, type Memory, type Operation, type Paused, type Kept } from '../../controller/core/state.ts'
import type { Order } from '../../protocol/order.ts'
import type { AgentNode, OrderAnswer } from './agent-node.ts'
import { crashHost } from './host.ts'
import type { Observer } from './invariants.ts'
import { createLeaderChecks } from './leader-checks.ts'
import type { Network } from './network.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

/** One controller: the real core, links that break, a store that may forget. */
export interface ControllerNode {
  readonly name: string
  readonly state: () => ClusterState | null
  readonly running: () => boolean
  readonly operationsEnded: () => Readonly<Record<string, number>>
  boot (): void
  crash (): void
  /** Ends its process between two of its next actions. */
  crashSoon (actions: number): void
  /** The store lost what it held, or comes back as it was some time ago. */
  forget (): void
  rewind (): void
  pause (): void
  resume (): void
  lead (leading: boolean): void
  setPaused (paused: Paused | null): void
  /** Null: the node is like any other. */
  wish (node: string, preference: NodePreference['preference'] | null, forMs: number | null): void
  push (event: ClusterEvent): void
  /** The promotion that it ordered of that node last: on its way it may be kept, and come once more. */
  promotionSent (node: string): Order | null
}

export interface ControllerContext {
  readonly world: World
  readonly random: Random
  readonly network: Network
  readonly settings: Settings
  readonly observer: Observer
  readonly agents: readonly AgentNode[]
}

const ORDER_GRACE_MS = 500
const TURN_WAIT_MAX_MS = 4_000
/** What a store that fails over may have lost. */
const STORE_LAG_MS = 3_000
/** How often an operator looks at the status. */
const TELL_EVERY_MS = 1_000

export function createControllerNode (context: ControllerContext, name: string, rate: number): ControllerNode {
  const { world, random, network, settings, observer, agents } = context
  const config: CoreConfig = {
    cluster: settings.cluster,
    controller: name,
    turns: true,
    fencing: Object.fromEntries(Object.entries(settings.fences).map(([node, { plan }]) => [node, plan]))
  }
  const { timing } = settings.cluster
  const clockOffsetMs = random.between(1_000, 1_000_000)
  const counts: Record<string, number> = {}
  const promotions = new Map<string, Order>()
  let state: ClusterState | null = null
  let boot = 0
  let running = false
  let paused = false
  let leading = true
  let queue: ClusterEvent[] = []
  let wakeAtMs = Infinity
  const nothing = { memory: null, paused: null, preferences: {}, kept: { recoveries: { countedTerm: 0, open: [] }, marks: {} } }
  let stored: { memory: Memory | null, paused: Paused | null, preferences: Preferences, kept: Kept } = nothing
  let crashIn = 0
  let olderStored: typeof stored = nothing
  let storedAtMs = 0
  /** Null again once the store forgot while somebody served: then no one knows how far the last active was. */
  let remembers = true

  const checks = createLeaderChecks(world, observer, config, settings.clockRates)

  const localMs = (): number => clockOffsetMs + world.now() * rate

  function push (event: ClusterEvent): void {
    if (!running) return
    queue.push(event)
    if (!paused) drain()
  }

  let draining = false
  function drain (): void {
    if (draining) return
    draining = true
    while (running && !paused) {
      const event = queue.shift()
      if (event === undefined || state === null) break
      if (event.type === 'reported' || event.type === 'looked') checks.heard(event.report.node)
      if (event.type === 'restored' || event.type === 'preferencesSet') checks.wishes(event.preferences ?? {})
      try {
        const [next, actions] = stepCluster(config, state, event, localMs())
        state = next
        for (const action of actions) {
          if (crashIn > 0 && --crashIn === 0) crash()
          if (!running) break
          perform(action)
        }
      } catch (error) {
        observer.violate(`BUG ${name} broke an invariant of its own on ${event.type}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
      }
    }
    draining = false
  }

  function perform (action: ClusterAction): void {
    switch (action.type) {
      case 'askTerm': return askTerm(action)
      case 'order': return order(action)
      case 'remember':
        if (world.now() - storedAtMs > STORE_LAG_MS) {
          olderStored = stored
          storedAtMs = world.now()
        }
        stored = { ...stored, memory: action.memory }
        remembers = true
        return
      case 'keep':
        stored = { ...stored, kept: { ...stored.kept, ...action.kept } }
        if (action.kept.recoveries !== undefined) checks.kept()
        return
      case 'turn': return action.want ? giveTurn() : undefined
      case 'record':
        if (action.kind === 'failoverAcknowledged') checks.acknowledged(Number(action.facts.term))
        world.note(`${name} ${action.message}`)
        if (action.kind === 'quorumForced') count('quorum forced')
        if (action.kind === 'votersChanged') count('voter change done')
        if (action.kind === 'votersChangeFailed') count('voter change failed')
        return
      case 'operationBegan': return began(action.operation)
      case 'operationEnded': return ended(action.ended)
      case 'fence': return power(action)
      case 'commandDone':
      case 'refuseCommand': return
      case 'look': return look(action.nodes)
      case 'wakeAt': return wakeAt(action.atMs)
      default: action satisfies never
    }
  }

  /** As the queue of the real controller: at once, or after a bounded wait. */
  function giveTurn (): void {
    const mine = boot
    const give = (turn: 'waiting' | 'granted') => { if (mine === boot) push({ type: 'turnGiven', turn }) }
    if (!settings.busyController || random.chance(0.3)) return give('granted')
    give('waiting')
    world.after(random.between(1, TURN_WAIT_MAX_MS), () => give('granted'))
  }

  /** The device is a machine of its own: it goes on when the controller that asked it is gone. */
  function power ({ tag, node, action, by, commandId }: Extract<ClusterAction, { type: 'fence' }>): void {
    const mine = boot
    const device = settings.fences[node]
    const agent = agents.find(one => one.name === node)
    if (device === undefined || agent === undefined) return observer.violate(`${name} powers ${node} ${action}, which has no device`)
    world.after(random.between(1, 2 * device.actMs), () => {
      const fails = random.chance(device.failure)
      if (!fails || random.chance(0.2)) switchPower(agent, action)
      world.after(random.between(1, 20), () => {
        if (mine === boot) push({ type: 'fenceEnded', tag, node, action, by, commandId, ok: !fails, detail: fails ? 'no answer' : `its status says ${action}` })
      })
    })
  }

  function switchPower (agent: AgentNode, action: 'off' | 'on'): void {
    world.note(`${agent.name} is powered ${action}`)
    observer.disturbed()
    if (action === 'on') return agent.boot()
    crashHost(agent, settings.mode === 'lyingDisk')
    observer.poweredOff(agent.name)
  }

  function began (operation: Operation): void {
    world.note(`${name} begins ${operation.kind} to ${operation.to}: ${operation.trigger}`)
    if (state !== null) checks.began(operation, state, localMs())
  }

  function ended ({ operation, outcome, detail }: EndedOperation): void {
    world.note(`${name} ${operation.kind} to ${operation.to} ${outcome} in term ${operation.term}: ${detail}`)
    checks.ended(operation, outcome, localMs())
    count(`${operation.kind} ${outcome}`)
    if (outcome === 'done' && operation.without !== null) count(`${operation.kind} alone`)
  }

  function count (what: string): void {
    counts[what] = (counts[what] ?? 0) + 1
  }

  function askTerm ({ operation: id, voters, request }: Extract<ClusterAction, { type: 'askTerm' }>): void {
    const mine = boot
    const operation = state?.operation ?? null
    if (operation !== null) {
      checks.asks(operation, request, localMs())
      observer.operationOf(request.term, request.holder, { kind: operation.kind, from: operation.from, switchedTo: operation.failed.length === 0, remembers })
    }
    for (const agent of agents) {
      if (!voters.includes(agent.name)) continue
      network.send(name, agent.name, () => agent.askTerm(request, reply => network.send(agent.name, name, () => {
        if (mine === boot) push({ type: 'termAnswered', operation: id, term: request.term, voter: agent.name, reply })
      })))
    }
  }

  function look (nodes: readonly string[]): void {
    const mine = boot
    for (const agent of agents) {
      if (!nodes.includes(agent.name)) continue
      let told = false
      network.send(name, agent.name, () => agent.follow(report => {
        if (!told) network.send(agent.name, name, () => { if (mine === boot) push({ type: 'looked', report }) })
        told = true
        return false
      }, () => { told = true }))
    }
  }

  /** One answer, the first; or none until the deadline. */
  function order ({ tag, node, order }: Extract<ClusterAction, { type: 'order' }>): void {
    const mine = boot
    if (order.type === 'forceVoters') observer.forced(order.voters)
    if (order.type === 'promote') promotions.set(node, order)
    let open = true
    const answered = ({ reply, error }: OrderAnswer): void => {
      if (!open || mine !== boot) return
      open = false
      push({ type: 'orderEnded', tag, reply, error })
    }
    const agent = agents.find(one => one.name === node)
    if (agent !== undefined) network.send(name, node, () => agent.order(order, answer => network.send(node, name, () => answered(answer))))
    world.after(order.deadlineMs + ORDER_GRACE_MS, () => answered({ reply: null, error: `no answer within ${order.deadlineMs} ms` }))
  }

  function wakeAt (atMs: number): void {
    if (wakeAtMs <= atMs) return
    wakeAtMs = atMs
    const mine = boot
    world.after(Math.max(1, atMs - localMs()) / rate + random.between(0, 3), () => {
      if (mine !== boot || wakeAtMs !== atMs) return
      wakeAtMs = Infinity
      push({ type: 'woke' })
    })
  }

  /** Follows one agent's reports: in order, and anew after each break or silence. */
  function dial (agent: AgentNode): void {
    const mine = boot
    let open = true
    let heardAtMs = world.now()
    let dueMs = 0
    const lost = (why: string): void => {
      if (!open || mine !== boot) return
      open = false
      push({ type: 'lost', node: agent.name, why })
      world.after(random.between(50, 400), () => { if (mine === boot && running) dial(agent) })
    }
    const watch = (): void => {
      world.after(timing.suspectAfterMs / 2, () => {
        if (!open || mine !== boot) return
        if (world.now() - heardAtMs > timing.suspectAfterMs) lost('silent')
        else watch()
      })
    }
    network.send(name, agent.name, () => {
      if (!open || mine !== boot) return
      agent.follow(report => {
        if (!open || mine !== boot) return false
        const delayMs = network.streamDelayMs(agent.name, name)
        if (delayMs === null) return true
        dueMs = Math.max(dueMs, world.now() + delayMs)
        world.after(dueMs - world.now(), () => {
          if (!open || mine !== boot) return
          heardAtMs = world.now()
          push({ type: 'reported', report })
        })
        return true
      }, () => network.send(agent.name, name, () => lost('the stream ended')))
    })
    watch()
  }

  function tellEvery (mine: number): void {
    world.after(TELL_EVERY_MS * settings.pace, () => {
      if (mine !== boot || !running || state === null) return
      if (!paused) checks.tells(state, localMs())
      tellEvery(mine)
    })
  }

  function crash (): void {
    if (!running) return
    world.note(`${name} crashes`)
    running = false
    paused = false
    boot++
    crashIn = 0
    state = null
    queue = []
    wakeAtMs = Infinity
  }

  return {
    name,
    state: () => state,
    running: () => running,
    operationsEnded: () => counts,
    boot () {
      if (running) return
      running = true
      boot++
      state = bootCluster(config, localMs())
      world.note(`${name} starts`)
      if (stored.memory === null) remembers = false
      push({ type: 'restored', ...stored })
      push({ type: 'leadership', leading })
      for (const agent of agents) dial(agent)
      checks.restarted()
      tellEvery(boot)
    },
    crash,
    crashSoon (actions) { crashIn = actions },
    forget () {
      stored = nothing
      remembers = false
      checks.forgotten()
    },
    rewind () {
      stored = olderStored
      remembers = false
      checks.forgotten()
    },
    pause () { if (running) paused = true },
    resume () {
      if (!paused) return
      paused = false
      if (random.chance(0.5)) queue.unshift({ type: 'stalled' })
      else queue.push({ type: 'stalled' })
      drain()
    },
    lead (next) {
      leading = next
      if (next) push({ type: 'restored', ...stored })
      push({ type: 'leadership', leading: next })
    },
    promotionSent: node => promotions.get(node) ?? null,
    wish (node, preference, forMs) {
      const { [node]: _before, ...others } = stored.preferences
      const untilMs = forMs === null ? null : localMs() + forMs
      stored = { ...stored, preferences: preference === null ? others : { ...others, [node]: { preference, by: 'operator', at: '', reason: '', until: null, untilMs } } }
      push({ type: 'preferencesSet', preferences: stored.preferences })
    },
    setPaused (next) {
      stored = { ...stored, paused: next }
      push({ type: 'pauseSet', paused: next })
    },
    push
  }
}
