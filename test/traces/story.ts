// A cluster for stories: three hosts and one leading controller, on a network where every message takes a millisecond.
import type { ClusterAction } from '../../controller/core/actions.ts'
import { stepCluster } from '../../controller/core/cluster.ts'
import type { ClusterEvent } from '../../controller/core/events.ts'
import { bootCluster, type ClusterState } from '../../controller/core/state.ts'
import type { Order } from '../../protocol/order.ts'
import { coreConfig } from '../fixtures.ts'
import { createClockwork } from './clockwork.ts'
import { createStoryNode, NETWORK_MS, type StoryNode, type Surroundings } from './node.ts'

/** An order that nobody answers fails this long after its own deadline. */
const GRACE_MS = 100

export interface Story {
  readonly node: (name: string) => StoryNode
  readonly controller: () => ClusterState
  /** The node that clients reach now. */
  readonly serving: () => string | null
  /** Something that the world, or an operator, does. */
  happens (text: string, what?: () => void): void
  tell (event: ClusterEvent): void
  run (durationMs: number): void
  /** What came before is not part of the transcript. */
  begin (): void
  readonly lines: () => readonly string[]
}

export function createStory (): Story {
  const clock = createClockwork()
  const config = coreConfig()
  const { suspectAfterMs } = config.cluster.timing
  const heardAtMs = new Map<string, number>()
  const surroundings: Surroundings = {
    others: name => nodes.filter(node => node.name !== name),
    node: name => find(name),
    onReport (report) {
      heardAtMs.set(report.node, clock.nowMs())
      send({ type: 'reported', report })
      clock.after(suspectAfterMs, () => {
        if (clock.nowMs() - (heardAtMs.get(report.node) ?? 0) >= suspectAfterMs) send({ type: 'lost', node: report.node, why: `no reports for ${suspectAfterMs} ms` })
      })
    },
    onServing
  }
  const nodes: readonly StoryNode[] = config.cluster.members.map(member => createStoryNode(member.name, clock, surroundings))
  let state = bootCluster(config, 0)
  let served: string | null = null
  let servedUntilMs = 0
  let saidHold = ''
  const wakes = new Set<number>()

  function find (name: string): StoryNode {
    const node = nodes.find(one => one.name === name)
    if (node === undefined) throw new Error(`no node is called ${name}`)
    return node
  }

  /** What clients notice; and the first of all invariants. */
  function onServing (): void {
    const now = nodes.filter(node => node.serves()).map(node => node.name)
    if (now.length > 1) throw new Error(`two nodes serve at once: ${now.join(', ')}`)
    const next = now[0] ?? null
    if (next === served) return
    if (next === null) {
      servedUntilMs = clock.nowMs()
      clock.say('clients', 'are served by nobody')
    } else {
      clock.say('clients', `are served by ${next}${servedUntilMs === 0 ? '' : `, after ${Math.round(clock.nowMs() - servedUntilMs)} ms without`}`)
    }
    served = next
  }

  function send (event: ClusterEvent): void {
    const [next, actions] = stepCluster(config, state, event, clock.nowMs())
    state = next
    for (const action of actions) act(action)
    const hold = next.hold === null ? '' : next.hold.code
    if (hold !== saidHold && next.hold !== null) clock.say('controller', `holds: ${next.hold.message}`)
    saidHold = hold
  }

  function act (action: ClusterAction): void {
    switch (action.type) {
      case 'askTerm': {
        const { request } = action
        const out = request.leaveOut.map(over => `, ${over.holder} ${over.why} term ${over.term}`)
        clock.say('controller', `asks all voters for term ${request.term} for ${request.holder} (${request.reason}${out.join('')})`)
        for (const voter of action.voters) clock.after(NETWORK_MS, () => find(voter).term(request, reply => clock.after(NETWORK_MS, () => send({ type: 'termAnswered', operation: action.operation, term: request.term, voter, reply }))))
        return
      }
      case 'order': return order(action.tag, action.node, action.order)
      case 'record':
        if (action.kind !== 'holdBegan') clock.say('controller', `${action.severity}: ${action.message}`)
        return
      case 'operationBegan': return clock.say('controller', `begins: ${action.operation.kind} to ${action.operation.to}, because ${action.operation.trigger}; ${action.operation.why}`)
      case 'operationEnded': {
        const { operation, outcome, detail, endedAtMs } = action.ended
        return clock.say('controller', `${operation.kind} to ${operation.to} is ${outcome} after ${Math.round(endedAtMs - operation.startedAtMs)} ms: ${detail}`)
      }
      case 'fence': return clock.say('controller', `powers ${action.node} ${action.action}`)
      case 'commandDone': return
      case 'refuseCommand': return clock.say('controller', `refuses: ${action.refusal.kind}`)
      case 'wakeAt': return wakeAt(Math.max(clock.nowMs() + 1, Math.ceil(action.atMs)))
      case 'remember':
      case 'keep':
      case 'turn': return
      default: action satisfies never
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
    clock.say('controller', `orders ${name} to ${order.type}${order.type === 'follow' ? ` ${order.source}` : ''} in term ${order.term}`)
    let ended = false
    const end = (event: Omit<Extract<ClusterEvent, { type: 'orderEnded' }>, 'type' | 'tag'>) => {
      if (!ended) send({ type: 'orderEnded', tag, ...event })
      ended = true
    }
    clock.after(NETWORK_MS, () => find(name).order(order, (reply, error) => clock.after(NETWORK_MS, () => end({ reply, error }))))
    clock.after(order.deadlineMs + GRACE_MS, () => end({ reply: null, error: 'no answer' }))
  }

  send({ type: 'leadership', leading: true })
  return {
    node: find,
    controller: () => state,
    serving: () => served,
    happens (text, what) {
      clock.say('==', text)
      what?.()
    },
    tell: send,
    run: durationMs => clock.runUntil(clock.nowMs() + durationMs),
    begin: () => clock.beginStory(),
    lines: () => clock.lines()
  }
}
