import type { Logger } from 'pino'
import type { HistoryEntry, Severity } from '../protocol/api.ts'
import type { Happening } from '../protocol/report.ts'
import { monotonicMs, wallClock } from './clock.ts'
import type { Facts } from './core/actions.ts'
import type { Journal } from './journal.ts'

/** Entries that wait until it is known who leads; the oldest of more are dropped. */
const HELD_MAX = 2_000
/** What is remembered of what agents told another leader, in case it died before it wrote it: far longer than it takes to follow it. */
const REMEMBERED_MS = 30_000
const REMEMBERED_MAX = 500

export type Tell = (kind: string, severity: Severity, node: string | null, message: string, facts: Facts, more?: TellMore) => void
type TellMore = Pick<HistoryEntry, 'happening' | 'operation' | 'diagnosis' | 'explanation'>

export interface RecorderOptions {
  readonly cluster: string
  readonly log: Logger
  readonly journal: Pick<Journal, 'write'>
  readonly nowMs?: () => number
}

/**
 * What happened, once: a log line, and a history entry where this controller is the one that writes. That is the leader; and
 * whoever has led and does not know yet who leads now: it holds its entries until it does, since it may be frozen or cut off
 * from the store for long, beside a leader that comes to its own conclusions from the same reports. A new leader also writes
 * what agents told just before: nobody may have, and the store takes it once.
 */
export interface Recorder {
  /** A conclusion of this controller about the cluster: whoever leads then has come to it too. */
  readonly concluded: Tell
  /** Something about this controller, which nobody else can tell. */
  readonly own: Tell
  /** Told by an agent, perhaps to another controller too: the store keeps it once. */
  readonly heard: (happening: Happening, severity: Severity) => void
  /** This controller leads. */
  gained (): void
  /** It leads no more, and who does is not known yet. */
  lost (): void
  /** Another one leads. */
  following (): void
  /** Nothing comes any more: what was held and belongs to this controller is written. */
  end (): void
}

interface Held {
  readonly entry: Omit<HistoryEntry, 'id'>
  readonly conclusion: boolean
}

export function createRecorder ({ cluster, log, journal, nowMs = monotonicMs }: RecorderOptions): Recorder {
  let stance: 'silent' | 'leading' | 'unsettled' = 'silent'
  let held: Held[] = []
  let remembered: ReadonlyArray<Held & { readonly atMs: number }> = []

  function remember (one: Held): void {
    const atMs = nowMs()
    remembered = [...remembered, { ...one, atMs }].filter(other => atMs - other.atMs <= REMEMBERED_MS).slice(-REMEMBERED_MAX)
  }

  function record (conclusion: boolean, ...[kind, severity, node, message, facts, more = {}]: Parameters<Tell>): void {
    log[severity === 'info' ? 'info' : severity === 'warning' ? 'warn' : 'error']({ node, ...facts, kind }, message)
    const entry: Held['entry'] = { at: wallClock().toISOString(), cluster, node, kind, severity, message, facts: { ...facts }, ...more }
    if (stance === 'leading') return journal.write(entry)
    if (stance === 'silent') return entry.happening === undefined ? undefined : remember({ entry, conclusion })
    held.push({ entry, conclusion })
    const dropped = held.length > HELD_MAX ? held.shift() : undefined
    if (dropped !== undefined) log.error({ kind: dropped.entry.kind, dropped: dropped.entry.message }, 'a history entry was dropped: nobody is known to lead')
  }

  function write (which: (one: Held) => boolean): void {
    const all = held
    held = []
    for (const one of all) if (which(one)) journal.write(one.entry)
  }

  return {
    concluded: (...told) => record(true, ...told),
    own: (...told) => record(false, ...told),
    heard: (happening, severity) => record(false, happening.kind, severity, happening.node, happening.message, happening.facts, { happening: keyOf(happening) }),
    gained () {
      stance = 'leading'
      held = [...remembered.filter(({ atMs }) => nowMs() - atMs <= REMEMBERED_MS), ...held]
      remembered = []
      write(() => true)
    },
    lost () {
      if (stance === 'leading') stance = 'unsettled'
    },
    following () {
      stance = 'silent'
      write(({ conclusion }) => !conclusion)
    },
    end () {
      write(({ conclusion }) => !conclusion)
    }
  }
}

/** The same for every controller that hears of it. */
function keyOf ({ cluster, node, bootId, sequence }: Happening): string {
  return [cluster, node, bootId, sequence].join('/')
}
