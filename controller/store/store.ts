import type { HistoryEntry } from '../../protocol/api.ts'
import type { PlannedSwitchover } from '../../protocol/planned.ts'
import type { PreferenceView } from '../../protocol/preference.ts'
import type { Job, LastRun } from '../../protocol/schedule.ts'

/** Automatic failovers that still count, with wall-clock times; see controller/core/state.ts. */
export interface StoredRecoveries {
  readonly countedTerm: number
  readonly open: ReadonlyArray<{ readonly term: number, readonly failed: string, readonly to: string, readonly why: string, readonly at: string }>
}

/** Nodes that were powered off or said to be off; see controller/core/state.ts. */
export type StoredMarks = Readonly<Record<string, { readonly at: string, readonly by: string, readonly why: string, readonly sworn: boolean }>>

/** By node; those that are over mean nothing. */
export type StoredPreferences = Readonly<Record<string, Readonly<PreferenceView>>>

interface StoredRun { readonly job: Job, readonly at: string, readonly by: string | null }

/** When each job of a cluster is due next, what waits and runs, and how it last went; see controller/core/schedule-state.ts. */
export interface StoredSchedules {
  readonly next: Readonly<Partial<Record<Job, string>>>
  readonly waiting: readonly StoredRun[]
  readonly running: StoredRun & { readonly home: string | null } | null
  readonly last: Readonly<Partial<Record<Job, LastRun>>>
}

/** A planned restart of all servers; see controller/core/upgrade-state.ts. */
export interface StoredUpgrade {
  readonly id: string
  readonly by: string
  readonly reason: string
  readonly stage: 'running' | 'stopped' | 'done'
  readonly why: string | null
  readonly before: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly home: string
  readonly term: number
  readonly convert: Readonly<Record<string, string>> | null
  readonly cutOver: 'ahead' | 'done' | null
  readonly ordered?: readonly string[]
}

/** What operators want of a cluster, and what its leader keeps for the next one. */
export interface Intent {
  /** Grows with each change, 0 where there never was one: tells the newer of two, also after a store that forgot. */
  readonly version: number
  readonly paused: { readonly by: string, readonly at: string, readonly reason: string } | null
  /** Absent where nobody ever set one. */
  readonly preferences?: StoredPreferences
  /** Absent where nobody ever planned one. */
  readonly planned?: readonly PlannedSwitchover[]
  /** Absent where no leader ever kept any. */
  readonly recoveries?: StoredRecoveries
  readonly marks?: StoredMarks
  /** Backups that a comparison found to differ; see controller/core/differing.ts. */
  readonly differing?: Readonly<Record<string, { readonly at: string, readonly message: string }>>
  readonly schedules?: StoredSchedules
  readonly upgrade?: StoredUpgrade | null
}

/** What the leader of a cluster remembers about the last active, so that a restart of everything does not forget it (S6). */
export interface Memory {
  readonly term: number
  readonly active: string
  readonly sequence: number
}

export type Leadership =
  /**
   * Until then, on this process's monotonic clock; counted from before the store was asked, and clock rates allowed for.
   * `restored`: the store had forgotten it, and may have forgotten more.
   */
  | { readonly leads: true, readonly untilMs: number, readonly restored: boolean }
  /** `leader` is who leads; null: nobody does. */
  | { readonly leads: false, readonly leader: string | null }

export interface LeadRequest {
  readonly ttlMs: number
  /**
   * `look`: stay the leader, and take nothing. `take`: become it where nobody is. `keep`: for whoever leads by its own clock;
   * stay it, also when the store forgot.
   */
  readonly want: 'look' | 'take' | 'keep'
}

/**
 * Leadership, operator intent and history. Safety never rests on it: a store that forgets, splits or lies can stop a
 * failover and cannot make two actives. Every method rejects with a StoreError within its deadline.
 */
export interface Store {
  open (): Promise<void>
  close (): Promise<void>
  /**
   * Stays the leader of a cluster for another `ttlMs`, or becomes it. A store that may have forgotten (it restarted, failed over
   * or was flushed) lets nobody new lead for `ttlMs`: two at one time are possible only when it split, so that both halves answer.
   */
  lead (cluster: string, controller: string, request: LeadRequest): Promise<Leadership>
  resign (cluster: string, controller: string): Promise<void>
  intent (cluster: string): Promise<Intent>
  /** Stores it if its version is higher than the stored one; otherwise rejects with a StoreConflictError and changes nothing. */
  setIntent (cluster: string, intent: Intent): Promise<void>
  memory (cluster: string): Promise<Memory | null>
  /** Stores it unless a newer one (by term, then sequence) is there; then nothing happens. */
  setMemory (cluster: string, memory: Memory): Promise<void>
  /** An id for a new entry, higher than any that this process had before; no other process gets the same. */
  nextEntryId (): number
  /**
   * Appends the entry once, however often it is asked for: an append whose answer was lost is simply done again. False when
   * another entry tells of the same happening: two controllers may hear of it, as one that was frozen and its successor do.
   */
  append (entry: HistoryEntry): Promise<boolean>
  /** Newest first. */
  history (query: { readonly cluster?: string, readonly before?: number, readonly limit: number }): Promise<readonly HistoryEntry[]>
  entry (id: number): Promise<HistoryEntry | null>
}
