import type { NetworkSettings } from './settings.ts'
import type { Random, World } from './world.ts'

/** What carries messages: late, never, twice, in another order, or only one way. */
export interface Network {
  send (from: string, to: string, deliver: () => void): void
  /** A reliable stream's message: a loss makes it late, a cut swallows it. Null when it never arrives. */
  streamDelayMs (from: string, to: string): number | null
  cut (from: string, to: string): void
  mend (from: string, to: string): void
  /** What is sent from now on comes so much later, in an order of its own. */
  delay (from: string, to: string, lateMs: number): void
  reaches (from: string, to: string): boolean
  /** Everything arrives from now on, soon and once. */
  heal (): void
}

interface Link {
  /** How many faults cut it now. */
  cuts: number
  /** Drawn when the first message goes this way. */
  pace: number | null
  lateMs: number
}

const QUICK = 0.005
const HEALED: NetworkSettings = { delayMinMs: 0.2, delayMaxMs: 2, loss: 0, duplication: 0, slowTo: null }

export function createNetwork (world: World, random: Random, drawn: NetworkSettings): Network {
  let settings = drawn
  const links = new Map<string, Map<string, Link>>()

  function linkOf (from: string, to: string): Link {
    const known = links.get(from)?.get(to)
    if (known !== undefined) return known
    const link: Link = { cuts: 0, pace: null, lateMs: 0 }
    links.set(from, (links.get(from) ?? new Map<string, Link>()).set(to, link))
    return link
  }

  /** Links differ, and a link differs from its way back: what is slow one way only tells sent from arrived. */
  function paceOf (link: Link, to: string): number {
    link.pace ??= drawn.slowTo === null ? random.pick([1, 1, 0.2, 0.005]) : to === drawn.slowTo ? 1 : QUICK
    return link.pace
  }

  function delayMs (link: Link, to: string): number {
    // most messages are quick, some take as long as this link lets them
    const share = random.next()
    return settings.delayMinMs + (settings.delayMaxMs - settings.delayMinMs) * paceOf(link, to) * share * share
  }

  function carry (link: Link, to: string, deliver: () => void): void {
    const { lateMs } = link
    world.after(delayMs(link, to) + (lateMs === 0 ? 0 : random.between(0, lateMs)), () => { if (link.cuts === 0) deliver() })
  }

  return {
    send (from, to, deliver) {
      const link = linkOf(from, to)
      if (link.cuts > 0 || random.chance(settings.loss)) return
      carry(link, to, deliver)
      if (settings.duplication > 0 && random.chance(settings.duplication)) carry(link, to, deliver)
    },
    streamDelayMs (from, to) {
      const link = linkOf(from, to)
      if (link.cuts > 0) return null
      return delayMs(link, to) + (settings.loss > 0 && random.chance(settings.loss / 2) ? random.between(50, 800) : 0)
    },
    cut (from, to) { linkOf(from, to).cuts++ },
    mend (from, to) {
      const link = linkOf(from, to)
      link.cuts = Math.max(0, link.cuts - 1)
    },
    delay (from, to, lateMs) { linkOf(from, to).lateMs = lateMs },
    reaches: (from, to) => linkOf(from, to).cuts === 0,
    heal () {
      for (const link of [...links.values()].flatMap(ways => [...ways.values()])) {
        link.cuts = 0
        link.lateMs = 0
      }
      settings = HEALED
    }
  }
}
