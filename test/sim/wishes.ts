import { positionOf } from '../../controller/core/knowledge.ts'
import type { NodePreference } from '../../controller/core/preference.ts'
import { comparePositions } from '../../protocol/position.ts'
import type { ControllerNode } from './controller-node.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

export interface Wishes {
  readonly counts: () => Readonly<Record<string, number>>
  /** No more wishes, and none is left: whoever says "never" of all nodes wants nobody to serve. */
  heal (): void
}

export interface WishesContext {
  readonly world: World
  /** Of its own: who serves and what fails is drawn apart from it. */
  readonly random: Random
  readonly settings: Settings
  readonly controllers: readonly ControllerNode[]
}

const PREFERENCES: ReadonlyArray<NodePreference['preference']> = ['prefer', 'prefer', 'avoid', 'avoid', 'never']
const EVERY_MS = 1_000
const LOOKS = 200
const LOOK_EVERY_MS = 15

/** Operators who say whom to promote rather, or not at all, at any moment; often the one in which somebody is being chosen. */
export function startWishes ({ world, random, settings, controllers }: WishesContext): Wishes {
  const counts: Record<string, number> = {}
  let healed = false

  function later (delayMs: number, run: () => void): void {
    world.after(delayMs * settings.pace, () => { if (!healed) run() })
  }

  function wish (): void {
    if (random.chance(0.4)) atTheWorstMoment(LOOKS)
    else say()
    later(random.between(0.1, 1.9) * EVERY_MS, wish)
  }

  /** Somebody is being chosen, or nobody serves and somebody will be. */
  function atTheWorstMoment (looks: number): void {
    const choosing = controllers.some(controller => controller.running() && (controller.state()?.operation != null || controller.state()?.hold != null))
    if (choosing) later(random.between(0, 40), say)
    else if (looks > 0) later(LOOK_EVERY_MS, () => atTheWorstMoment(looks - 1))
  }

  function say (): void {
    const laggard = random.chance(0.5) ? furthestBehind() : null
    const node = laggard ?? random.pick(settings.dataNodes)
    const preference = laggard !== null ? 'prefer' : random.chance(0.15) ? null : random.pick(PREFERENCES)
    const forMs = random.chance(0.3) ? random.between(50, 4_000) * settings.pace : null
    const what = preference ?? 'neutral'
    counts[`wish ${what}`] = (counts[`wish ${what}`] ?? 0) + 1
    world.note(`the operator sets ${node} to ${what}${forMs === null ? '' : ` for ${forMs.toFixed(0)} ms`}`)
    // each controller reads it from the store by itself
    for (const controller of controllers) later(random.between(0, 60), () => controller.wish(node, preference, forMs))
  }

  /** Whom it would be the worst to promote; null while all hold the same. */
  function furthestBehind (): string | null {
    const agents = controllers.find(controller => controller.running())?.state()?.agents ?? {}
    const reports = settings.dataNodes.flatMap(node => agents[node]?.report ?? []).toSorted((a, b) => comparePositions(positionOf(a), positionOf(b)))
    const [last] = reports
    return last === undefined || reports.every(report => comparePositions(positionOf(report), positionOf(last)) === 0) ? null : last.node
  }

  if (settings.mode === 'wishes') later(random.between(500, 2_000), wish)

  return {
    counts: () => counts,
    heal () {
      healed = true
      for (const controller of controllers) for (const node of settings.dataNodes) controller.wish(node, null, null)
    }
  }
}
