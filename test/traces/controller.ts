// One controller of a story: the real core, and a shell that carries out what it wants. It may die between any two actions.
import type { ClusterAction } from '../../controller/core/actions.ts'
import { stepCluster } from '../../controller/core/cluster.ts'
import type { ClusterEvent } from '../../controller/core/events.ts'
import { bootCluster, type ClusterState, type CoreConfig, type Memory } from '../../controller/core/state.ts'
import type { Order } from '../../protocol/order.ts'
import type { Report } from '../../protocol/report.ts'
import type { Clockwork } from './clockwork.ts'
import { NETWORK_MS, type StoryNode } from './node.ts'

/** An order that nobody answers fails this long after its own deadline. */
const GRACE_MS = 100

export interface StoryController {
  readonly state: () => ClusterState
  readonly isUp: () => boolean
  tell (event: ClusterEvent): void
  hear (report: Report): void
  /** How many actions it has carried out: each message to each node is one. */
  readonly actions: () => number
  /** It carries out so many more actions, and is dead before the next one. */
  dieAfter (actions: number): void
}

export interface StoryControllerOptions {
  /** Who speaks in the transcript. */
  readonly said: string
  readonly config: CoreConfig
  readonly clock: Clockwork
  readonly node: (name: string) => StoryNode
  /** The store that all controllers share. */
  readonly store: { memory: Memory | null }
  readonly onDeath: () => void
}

export function createStoryController ({ said, config, clock, node, store, onDeath }: StoryControllerOptions): StoryController {
  const { suspectAfterMs } = config.cluster.timing
  const heardAtMs = new Map<string, number>()
  const wakes = new Set<number>()
  let state = bootCluster(config, clock.nowMs())
  let saidHold = ''
  let done = 0
  let lastAction = Infinity
  let up = true

  function send (event: ClusterEvent): void {
    if (!up) return
    const [next, actions] = stepCluster(config, state, event, clock.nowMs())
    state = next
    for (const action of actions) act(action)
    const hold = next.hold === null ? '' : next.hold.code
    if (up && hold !== saidHold && next.hold !== null) say(`holds: ${next.hold.message}`)
    saidHold = hold
  }

  const say = (text: string) => clock.say(said, text)

  /** False: it died before it could. */
  function survives (): boolean {
    if (up && done >= lastAction) {
      up = false
      onDeath()
    }
    if (up) done++
    return up
  }

  function act (action: ClusterAction): void {
    if (action.type === 'wakeAt') return wakeAt(Math.max(clock.nowMs() + 1, Math.ceil(action.atMs)))
    if (action.type === 'askTerm') return askTerm(action)
    if (!survives()) return
    switch (action.type) {
      case 'order': return order(action.tag, action.node, action.order)
      case 'record':
        if (action.kind !== 'holdBegan') say(`${action.severity}: ${action.message}`)
        return
      case 'operationBegan': return say(`begins: ${action.operation.kind} to ${action.operation.to}, because ${action.operation.trigger}; ${action.operation.why}`)
      case 'operationEnded': {
        const { operation, outcome, detail, endedAtMs } = action.ended
        return say(`${operation.kind} to ${operation.to} is ${outcome} after ${Math.round(endedAtMs - operation.startedAtMs)} ms: ${detail}`)
      }
      case 'fence': return say(`powers ${action.node} ${action.action}`)
      case 'commandDone': return
      case 'refuseCommand': return say(`refuses: ${action.refusal.kind}`)
      case 'look': return // the reports of a story come as it tells
      case 'remember':
        store.memory = action.memory
        return
      case 'keep':
      case 'turn': return
      default: action satisfies never
    }
  }

  function askTerm ({ operation, voters, request }: Extract<ClusterAction, { type: 'askTerm' }>): void {
    const out = request.leaveOut.map(over => `, ${over.holder} ${over.why} term ${over.term}`)
    if (up) say(`asks all voters for term ${request.term} for ${request.holder} (${request.reason}${out.join('')})`)
    for (const voter of voters) {
      if (survives()) clock.after(NETWORK_MS, () => node(voter).term(request, reply => clock.after(NETWORK_MS, () => send({ type: 'termAnswered', operation, term: request.term, voter, reply }))))
    }
  }

  function wakeAt (atMs: number): void {
    if (wakes.has(atMs)) return
    wakes.add(atMs)
    clock.after(atMs - clock.nowMs(), () => {
      wakes.delete(atMs)
      send({ type: 'woke' })
    })
  }

  function order (tag: number, name: string, order: Order): void {
    say(`orders ${name} to ${order.type}${order.type === 'follow' ? ` ${order.source}` : ''} in term ${order.term}`)
    let ended = false
    const end = (event: Omit<Extract<ClusterEvent, { type: 'orderEnded' }>, 'type' | 'tag'>) => {
      if (!ended) send({ type: 'orderEnded', tag, ...event })
      ended = true
    }
    clock.after(NETWORK_MS, () => node(name).order(order, (reply, error) => clock.after(NETWORK_MS, () => end({ reply, error }))))
    clock.after(order.deadlineMs + GRACE_MS, () => end({ reply: null, error: 'no answer' }))
  }

  return {
    state: () => state,
    isUp: () => up,
    tell: send,
    hear (report) {
      heardAtMs.set(report.node, clock.nowMs())
      send({ type: 'reported', report })
      clock.after(suspectAfterMs, () => {
        if (clock.nowMs() - (heardAtMs.get(report.node) ?? 0) >= suspectAfterMs) send({ type: 'lost', node: report.node, why: `no reports for ${suspectAfterMs} ms` })
      })
    },
    actions: () => done,
    dieAfter: actions => { lastAction = done + actions }
  }
}
