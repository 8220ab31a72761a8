// How old the newest heartbeat is that each server has, by this process's own clock: clocks of two nodes may differ.
import { comparePositions, type Position } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import type { UnitService } from '../unit-service.ts'

/** How much younger than it is a heartbeat can look. */
const LOOK_EVERY_MS = 500

export interface LagWatch {
  /** What is there now; often. */
  look (report: Report, nowMs: number): void
  /** Null while no heartbeat was seen. An agent that starts counts from its first look. */
  ageMs (cluster: string, server: string, nowMs: number): number | null
}

export function createLagWatch (): LagWatch {
  const newest = new Map<string, { readonly position: Position, readonly sinceMs: number }>()
  return {
    look ({ cluster, servers }, nowMs) {
      for (const { name, position } of servers) {
        const before = newest.get(`${cluster} ${name}`)
        if (position === null || (before !== undefined && comparePositions(before.position, position) === 0)) continue
        newest.set(`${cluster} ${name}`, { position, sinceMs: nowMs })
      }
    },
    ageMs (cluster, server, nowMs) {
      const found = newest.get(`${cluster} ${server}`)
      return found === undefined ? null : nowMs - found.sinceMs
    }
  }
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
