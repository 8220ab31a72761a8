import { holds, sharedWith, type Row } from './rows.ts'

export interface Holder {
  readonly name: string
  readonly rows: () => Row
  readonly rescues: readonly Row[]
}

export interface Missing {
  readonly server: string
  readonly rows: number
  readonly oldestAtMs: number
}

/** What clients were told is stored, and where it may be: in a database, or in a rescue (S7). */
export interface Ledger {
  acknowledged (server: string, row: Row): void
  /** What only this one's file held is gone with it. */
  diskLost (server: Holder): void
  missing (): readonly Missing[]
}

/** The newest acknowledged row of each history: histories part when a failover loses rows. */
export function createLedger (holders: () => readonly Holder[]): Ledger {
  const ends = new Map<string, readonly Row[]>()

  function furthest (row: Row, held: readonly Row[]): Row {
    return held.map(content => sharedWith(content, row)).reduce((a, b) => b.depth > a.depth ? b : a)
  }

  function heldFor (name: string, without: Holder | null): readonly Row[] {
    return holders().filter(holder => holder.name === name).flatMap(holder => holder === without ? holder.rescues : [holder.rows(), ...holder.rescues])
  }

  return {
    acknowledged (server, row) {
      const known = ends.get(server) ?? []
      const last = known.at(-1)
      ends.set(server, [...(last !== undefined && holds(row, last) ? known.slice(0, -1) : known), row])
    },
    diskLost (lost) {
      const elsewhere = heldFor(lost.name, lost)
      const known = ends.get(lost.name) ?? []
      ends.set(lost.name, known.map(end => holds(lost.rows(), end) ? furthest(end, elsewhere) : end))
    },
    missing () {
      return [...ends].flatMap(([server, rows]) => {
        const held = heldFor(server, null)
        return rows.filter(row => !held.some(content => holds(content, row))).map(row => {
          const kept = furthest(row, held)
          return { server, rows: row.depth - kept.depth, oldestAtMs: firstAfter(row, kept).atMs }
        })
      })
    }
  }
}

function firstAfter (row: Row, kept: Row): Row {
  let at = row
  while (at.parent !== null && at.parent !== kept) at = at.parent
  return at
}
