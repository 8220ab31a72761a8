// A cluster for stories: three hosts and a leading controller, on a network where every message takes a millisecond. When the
// leader dies, another controller, which has heard the same reports, leads after a while.
import type { ClusterEvent } from '../../controller/core/events.ts'
import type { ClusterState, Memory } from '../../controller/core/state.ts'
import { coreConfig } from '../fixtures.ts'
import { createClockwork } from './clockwork.ts'
import { createStoryController, type StoryController } from './controller.ts'
import { createStoryNode, type StoryNode, type Surroundings } from './node.ts'

/** Its leadership is over, and the next one has taken it. */
const TAKEOVER_MS = 6_000

export interface Story {
  readonly node: (name: string) => StoryNode
  readonly controller: () => ClusterState
  /** The controller that leads from the beginning. */
  readonly leader: StoryController
  /** Another one, which hears what the leader hears and takes its place when it has died. */
  addFollower (name: string): void
  /** Who served, one after the other. */
  readonly servedBy: () => readonly string[]
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
  const store: { memory: Memory | null } = { memory: null }
  const controllers: StoryController[] = []
  const surroundings: Surroundings = {
    others: name => nodes.filter(node => node.name !== name),
    node: name => find(name),
    onReport: report => { for (const controller of controllers) controller.hear(report) },
    onServing
  }
  const nodes: readonly StoryNode[] = coreConfig().cluster.members.map(member => createStoryNode(member.name, clock, surroundings))
  const servers: string[] = []
  let served: string | null = null
  let servedUntilMs = 0

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
    if (next !== null && servers.at(-1) !== next) servers.push(next)
  }

  function addController (said: string, name: string): StoryController {
    const controller = createStoryController({
      said,
      config: { ...coreConfig(), controller: name },
      clock,
      node: find,
      store,
      onDeath () {
        clock.say('==', `${name} dies`)
        clock.after(TAKEOVER_MS, takeOver)
      }
    })
    controllers.push(controller)
    return controller
  }

  function takeOver (): void {
    const next = controllers.find(one => one.isUp())
    clock.say('==', 'another controller leads')
    next?.tell({ type: 'restored', memory: store.memory, paused: null })
    next?.tell({ type: 'leadership', leading: true })
  }

  const leader = addController('controller', coreConfig().controller)
  leader.tell({ type: 'leadership', leading: true })
  return {
    node: find,
    controller: leader.state,
    leader,
    addFollower: name => { addController(name, name) },
    servedBy: () => servers,
    serving: () => served,
    happens (text, what) {
      clock.say('==', text)
      what?.()
    },
    tell: leader.tell,
    run: durationMs => clock.runUntil(clock.nowMs() + durationMs),
    begin: () => clock.beginStory(),
    lines: () => clock.lines()
  }
}
