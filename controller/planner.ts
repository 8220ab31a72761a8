// The shell of one cluster's planned switchovers: time and what happens go in, through the pure step; orders come out.
import type { Logger } from 'pino'
import { invariant } from '../protocol/invariant.ts'
import { wallClock } from './clock.ts'
import { NOTHING_PLANNED, stepPlanned, type PlannedAction, type PlannedEvent } from './core/planned.ts'
import { createEventQueue } from './event-queue.ts'
import type { PlanHost } from './schedule-host.ts'

const EVENTS_MAX = 1_000

export interface PlannerOptions {
  readonly host: PlanHost
  readonly logger: Logger
}

export interface Planner {
  start (): void
  /** What runs is not waited for. */
  stop (): void
}

export function createPlanner ({ host, logger }: PlannerOptions): Planner {
  let state = NOTHING_PLANNED
  let stopped = false
  let wake: NodeJS.Timeout | undefined
  let unfollow = (): void => {}

  const push = createEventQueue<PlannedEvent>(EVENTS_MAX, take, event => logger.error({ type: event.type }, 'event of planned switchovers dropped: the queue is full'))

  function take (event: PlannedEvent): void {
    if (stopped) return
    const [next, actions] = stepPlanned(state, event, host.planned(), host.view(), wallClock().getTime())
    state = next
    for (const action of actions) perform(action)
  }

  function perform (action: PlannedAction): void {
    switch (action.type) {
      case 'record': return host.tell(action.kind, action.severity, action.node, action.message, action.facts)
      case 'begin':
        outcomeOf(host, action.id).then(push, (error: unknown) => logger.error({ id: action.id, err: error }, 'a planned switchover failed in a way that is not its own'))
        return
      case 'close':
        // the next leader tells once more of one that stays there
        host.closePlanned(action.id).catch((error: unknown) => logger.error({ id: action.id, err: error }, 'a planned switchover that is over could not be taken out of the store'))
        return
      case 'wakeAt':
        clearTimeout(wake)
        wake = setTimeout(() => push({ type: 'woke' }), Math.max(1, Math.ceil(action.atMs - wallClock().getTime())))
        return
      default: action satisfies never
    }
  }

  function looked (): void {
    const { leads } = host.view().controller
    push(leads === state.leading ? { type: 'woke' } : { type: leads ? 'led' : 'leadLost' })
  }

  return {
    start () {
      unfollow = host.follow(looked)
      looked()
    },
    stop () {
      stopped = true
      unfollow()
      clearTimeout(wake)
    }
  }
}

/** Whatever comes of it, as the event that tells. */
async function outcomeOf (host: PlanHost, id: string): Promise<PlannedEvent> {
  const plan = host.planned().find(one => one.id === id)
  invariant(plan !== undefined, 'what is begun is planned')
  try {
    return { type: 'ended', id, error: null, operation: await host.runPlanned(plan) }
  } catch (error) {
    return { type: 'ended', id, error: error instanceof Error ? error.message : String(error), operation: null }
  }
}
