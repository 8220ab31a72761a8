// How old the newest heartbeat is that each server has, by this process's own clock: clocks of two nodes may differ. The holder
// of the lease tells this node's voter how far it is, past all replication: so a heartbeat is as old as the word of it.
import { comparePositions, type Position } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import type { UnitService } from '../unit-service.ts'

/** How much younger than it is a heartbeat can look. */
const LOOK_EVERY_MS = 500
/** Words are kept this share of the lag apart: all of them for minutes, and no more than two thousand for a month. */
const WORDS_APART = 0.005

export interface LagWatch {
  /** What is there now; often. */
  look (report: Report, nowMs: number): void
  /** Null while no heartbeat was seen. An agent that starts counts from its first look. */
  ageMs (cluster: string, server: string, nowMs: number): number | null
}

/** The holder said that it had come so far. */
interface Word {
  readonly position: Position
  readonly atMs: number
}

export function createLagWatch (): LagWatch {
  const newest = new Map<string, { readonly position: Position, readonly sinceMs: number }>()
  const heard = new Map<string, readonly Word[]>()
  return {
    look ({ cluster, voter, servers }, nowMs) {
      const words = withWord(heard.get(cluster) ?? [], { term: voter.term, sequence: voter.sequence, writer: voter.holder ?? '' }, nowMs)
      for (const { name, position } of servers) {
        const before = newest.get(`${cluster} ${name}`)
        if (position === null || (before !== undefined && comparePositions(before.position, position) === 0)) continue
        const word = words.find(one => comparePositions(one.position, position) >= 0)
        newest.set(`${cluster} ${name}`, { position, sinceMs: word?.atMs ?? nowMs })
      }
      heard.set(cluster, stillNeeded(words, servers.map(({ position }) => position)))
    },
    ageMs (cluster, server, nowMs) {
      const found = newest.get(`${cluster} ${server}`)
      return found === undefined ? null : nowMs - found.sinceMs
    }
  }
}

function withWord (words: readonly Word[], position: Position, nowMs: number): readonly Word[] {
  const [first] = words
  const last = words.at(-1)
  if (position.sequence === 0) return words
  if (first !== undefined && last !== undefined && (comparePositions(position, last.position) <= 0 || nowMs - last.atMs < (nowMs - first.atMs) * WORDS_APART)) return words
  return [...words, { position, atMs: nowMs }]
}

/** What every server has needs no word any more. */
function stillNeeded (words: readonly Word[], positions: ReadonlyArray<Position | null>): readonly Word[] {
  return words.filter(({ position }) => positions.some(one => comparePositions(one, position) < 0))
}

/** Followers of a unit hear of changes, and not of each heartbeat: so it looks by itself. Returns how to stop. */
export function watchLag (lag: LagWatch, units: Iterable<UnitService>): () => void {
  const all = [...units]
  const timer = setInterval(() => {
    for (const unit of all) {
      try {
        lag.look(unit.report(), monotonicMs())
      } catch {
        continue // it is still starting, and has no report
      }
    }
  }, LOOK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
