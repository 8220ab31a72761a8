import type { NetworkSettings } from './settings.ts'
import type { Random, World } from './world.ts'

/** What carries messages: late, never, twice, in another order, or only one way. */
export interface Network {
  send (from: string, to: string, deliver: () => void): void
  /** A reliable stream's message: a loss makes it late, a cut swallows it. Null when it never arrives. */
  streamDelayMs (from: string, to: string): number | null
  cut (from: string, to: string): void
  mend (from: string, to: string): void
  reaches (from: string, to: string): boolean
  /** Everything arrives from now on, soon and once. */
  heal (): void
}

const QUICK = 0.005
const HEALED: NetworkSettings = { delayMinMs: 0.2, delayMaxMs: 2, loss: 0, duplication: 0, slowTo: null }

export function createNetwork (world: World, random: Random, drawn: NetworkSettings): Network {
  let settings = drawn
  const cuts = new Map<string, number>()
  const paces = new Map<string, number>()
  const key = (from: string, to: string): string => `${from}>${to}`

  /** Links differ, and a link differs from its way back: what is slow one way only tells sent from arrived. */
  function paceOf (from: string, to: string): number {
    const known = paces.get(key(from, to))
    if (known !== undefined) return known
    const pace = drawn.slowTo === null ? random.pick([1, 1, 0.2, 0.005]) : to === drawn.slowTo ? 1 : QUICK
    paces.set(key(from, to), pace)
    return pace
  }

  function delayMs (from: string, to: string): number {
    // most messages are quick, some take as long as this link lets them
    const share = random.next()
    return settings.delayMinMs + (settings.delayMaxMs - settings.delayMinMs) * paceOf(from, to) * share * share
  }

  function reaches (from: string, to: string): boolean {
    return (cuts.get(key(from, to)) ?? 0) === 0
  }

  function carry (from: string, to: string, deliver: () => void): void {
    world.after(delayMs(from, to), () => { if (reaches(from, to)) deliver() })
  }

  return {
    send (from, to, deliver) {
      if (!reaches(from, to) || random.chance(settings.loss)) return
      carry(from, to, deliver)
      if (settings.duplication > 0 && random.chance(settings.duplication)) carry(from, to, deliver)
    },
    streamDelayMs (from, to) {
      if (!reaches(from, to)) return null
      return delayMs(from, to) + (settings.loss > 0 && random.chance(settings.loss / 2) ? random.between(50, 800) : 0)
    },
    cut (from, to) { cuts.set(key(from, to), (cuts.get(key(from, to)) ?? 0) + 1) },
    mend (from, to) { cuts.set(key(from, to), Math.max(0, (cuts.get(key(from, to)) ?? 0) - 1)) },
    reaches,
    heal () {
      cuts.clear()
      settings = HEALED
    }
  }
}
