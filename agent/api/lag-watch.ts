// How old the newest heartbeat is that each server has, by this process's own clock: clocks of two nodes may differ.
import { comparePositions, type Position } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'

export interface LagWatch {
  /** Every report, as soon as it is there. */
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
