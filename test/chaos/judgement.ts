// Was anything lost that was acknowledged, and was it told? Pure: what clients were told, what is in the database, what is
// in the nodes' rescues, and what the product's history says, against the promises of docs/architecture.md.
import type { HistoryEntry, OperationView } from '../../protocol/api.ts'
import type { Conflict, Tenure } from '../testbed/overlap.ts'

export interface AckedRow {
  readonly row: string
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number
}

export interface Violation {
  readonly rule: 'rowsLost' | 'staleActive' | 'twoActives' | 'directWriteAccepted' | 'notConverged' | 'termWentBack' | 'internalError'
  readonly message: string
  /** Wall clock; where in the timeline to look. */
  readonly atMs: number
}

/** Each acknowledged row is in exactly one of these. */
export interface RowVerdict {
  readonly present: number
  readonly rescued: readonly AckedRow[]
  /** Neither there nor in a rescue, and within what an unplanned change of the active may lose, or was told to lose. */
  readonly told: readonly AckedRow[]
  readonly lost: readonly AckedRow[]
}

/** An acknowledgement reaches the client, and the prober's file, a little after the server died. */
const ACK_LATE_MS = 250
/** A change that loses a write that was in flight begins within this time of it, or has no part in it. */
const IN_FLIGHT_MS = 30_000
/** The position is written about once a second. */
const HEARTBEAT_MS = 1_000

/** One client's rows. `operations` are the changes of the active that the history tells of. */
export function judgeRows (acked: readonly AckedRow[], present: ReadonlySet<string>, rescued: ReadonlyMap<string, unknown>, operations: readonly OperationView[]): RowVerdict {
  const absent = acked.filter(({ row }) => !present.has(row))
  const unfound = absent.filter(({ row }) => !rescued.has(row))
  const told = excused(unfound, operations)
  return {
    present: acked.length - absent.length,
    rescued: absent.filter(({ row }) => rescued.has(row)),
    told: unfound.filter(row => told.has(row)),
    lost: unfound.filter(row => !told.has(row))
  }
}

/**
 * Replication is asynchronous: an unplanned change may lose the one write of a client that was in flight, and a forced
 * one what its detail says. A switchover loses nothing.
 */
function excused (rows: readonly AckedRow[], operations: readonly OperationView[]): ReadonlySet<AckedRow> {
  const found = new Set<AckedRow>()
  for (const operation of operations) {
    if (operation.outcome !== 'done' || operation.kind === 'switchover' || operation.kind === 'firstStart') continue
    const startMs = Date.parse(operation.startedAt)
    const before = rows.filter(row => !found.has(row) && row.atMs <= startMs + ACK_LATE_MS && row.atMs >= startMs - IN_FLIGHT_MS)
    const last = before.at(-1)
    if (last === undefined) continue
    const toldMs = toldLossMs(operation)
    for (const row of before) if (row === last || row.atMs >= last.atMs - toldMs) found.add(row)
  }
  return found
}

/** What a forced change said to lose, in time: heartbeats, and the one that was about to be written. */
function toldLossMs ({ kind, detail }: OperationView): number {
  const heartbeats = kind === 'forcedFailover' ? /this is lost: \S+ is (\d+) heartbeats behind/.exec(detail)?.[1] : undefined
  return heartbeats === undefined ? 0 : (Number(heartbeats) + 1) * HEARTBEAT_MS
}

export function rowsLost (client: string, { lost }: RowVerdict): readonly Violation[] {
  const [first] = lost
  if (first === undefined) return []
  const last = lost.at(-1) ?? first
  return [{
    rule: 'rowsLost',
    atMs: first.atMs,
    message: `${lost.length} acknowledged rows of ${client} are neither in the database nor in a rescue, and no change of the active may have lost them: ${first.row} (${iso(first.atMs)}) to ${last.row} (${iso(last.atMs)})`
  }]
}

/** Clocks and clients: so much before and after an acknowledgement its node must have served, or another one. */
const SERVED_AROUND_MS = 100

/**
 * A row that only rescues have was acknowledged by a node that keeps one of them. If the observer saw another node serve
 * right then, either that one lost it without a rescue, or two served. `offsetMs` as in `twoActives`.
 */
export function staleActives (client: string, { rescued }: RowVerdict, keepers: ReadonlyMap<string, ReadonlySet<string>>, tenures: readonly Tenure[], offsetMs: number): readonly Violation[] {
  return rescued.flatMap(({ row, atMs }): Violation[] => {
    const server = tenures.find(({ host, first, last }) => keepers.get(row)?.has(host) === false &&
      offsetMs + first.endMs <= atMs - SERVED_AROUND_MS && offsetMs + last.startMs >= atMs + SERVED_AROUND_MS)
    return server === undefined ? [] : [{ rule: 'staleActive', atMs, message: `${row} of ${client}, acknowledged when ${server.host} served, is only in a rescue of ${[...keepers.get(row) ?? []].join(' and ')}` }]
  }).slice(0, 1)
}

/** `offsetMs` turns the observer's monotonic clock into wall clock. */
export function twoActives (conflicts: readonly Conflict[], offsetMs: number): readonly Violation[] {
  return conflicts.map(({ tenures: [one, other], overlapMs }) => ({
    rule: 'twoActives',
    atMs: offsetMs + Math.max(one.first.endMs, other.first.endMs),
    message: `${one.host} (${one.target}) and ${other.host} (${other.target}) both accepted writes through an endpoint for at least ${overlapMs.toFixed(1)} ms`
  }))
}

export function directWrites (accepted: readonly AckedRow[]): readonly Violation[] {
  const [first] = accepted
  return first === undefined
    ? []
    : [{ rule: 'directWriteAccepted', atMs: first.atMs, message: `${accepted.length} writes to nodes' own addresses were accepted; the first is ${first.row}` }]
}

/** Terms only grow, in every look and from look to look (S1). */
export function termsBack (looks: readonly { readonly term: number, readonly atMs: number }[]): readonly Violation[] {
  return looks.flatMap(({ term, atMs }, index): Violation[] => {
    const before = looks[index - 1]
    return before === undefined || before.term <= term ? [] : [{ rule: 'termWentBack', atMs, message: `term ${term} after term ${before.term}` }]
  })
}

/** The changes of the active that ended, oldest first, each once. */
export function endedOperations (entries: readonly HistoryEntry[]): readonly OperationView[] {
  const ended = new Map<string, OperationView>()
  for (const { operation } of entries.toSorted((a, b) => a.id - b.id)) {
    if (operation !== undefined && operation.outcome !== 'running') ended.set(`${operation.id} ${operation.startedAt}`, operation)
  }
  return [...ended.values()]
}

/** A change of the active is told by an operation that began so long before the old one's last write, or after the new one's first. */
const TOLD_AROUND_MS = 1_000

/**
 * Changes that the observer saw and the history does not tell of: the leader died, or the store forgot them, before they were
 * written. Nobody knows whether they were planned: each counts as a failover. `offsetMs` as in `twoActives`.
 */
export function untoldChanges (tenures: readonly Tenure[], operations: readonly OperationView[], offsetMs: number): readonly OperationView[] {
  const sorted = tenures.toSorted((a, b) => a.first.startMs - b.first.startMs)
  return sorted.flatMap((tenure, index): OperationView[] => {
    const before = sorted[index - 1]
    if (before === undefined || before.host === tenure.host) return []
    const [endedMs, beganMs] = [offsetMs + before.last.endMs, offsetMs + tenure.first.endMs]
    const isTold = operations.some(({ to, outcome, startedAt }) => to === tenure.host && outcome === 'done' &&
      Date.parse(startedAt) >= endedMs - TOLD_AROUND_MS && Date.parse(startedAt) <= beganMs + TOLD_AROUND_MS)
    if (isTold) return []
    return [{
      id: `untold ${index}`,
      kind: 'failover',
      trigger: 'seen by the observer only',
      from: before.host,
      to: tenure.host,
      term: 0,
      startedAt: new Date(endedMs).toISOString(),
      durationMs: null,
      outcome: 'done',
      detail: '',
      refused: [],
      steps: []
    }]
  })
}

const iso = (atMs: number) => new Date(atMs).toISOString().slice(11, 23)
