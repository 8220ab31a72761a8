import type { HistoryEntry } from '../protocol/api.ts'
import type { Store } from './store/store.ts'

/** Entries that wait for the store; the oldest of more are dropped. */
const ENTRIES_MAX = 2_000
/** Entries that the store has, kept for the case that it forgets them. */
const KEPT_MAX = 500
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000] as const

export interface JournalOptions {
  readonly store: Store
  readonly onStored: (entry: HistoryEntry) => void
  readonly onDropped: (entry: HistoryEntry) => void
  readonly onFailed: (error: unknown) => void
}

export interface Journal {
  write (entry: Omit<HistoryEntry, 'id'>): void
  /** Gives the store once more the last entries that it had taken: it may have forgotten them. What it still has it does not get twice. */
  writeAgain (): void
  /** Tries once more what the store has not taken yet, and no longer. */
  stop (): Promise<void>
}

/** The way of history into the store: in order, one at a time; what it does not take now it is given again. */
export function createJournal ({ store, onStored, onDropped, onFailed }: JournalOptions): Journal {
  const entries: HistoryEntry[] = []
  const kept: HistoryEntry[] = []
  let writing: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null
  let failures = 0
  let stopped = false

  async function drain (): Promise<void> {
    try {
      for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
        const isStored = await store.append(entry)
        failures = 0
        if (entries[0] === entry) entries.shift() // it may have been dropped meanwhile
        if (!isStored) continue // another controller told of it
        if (kept.includes(entry)) continue // it was told of before
        kept.push(entry)
        if (kept.length > KEPT_MAX) kept.shift()
        onStored(entry)
      }
    } catch (error) {
      onFailed(error)
      const waitMs = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]
      if (!stopped) retry = setTimeout(begin, waitMs)
    } finally {
      writing = null
    }
  }

  function begin (): void {
    retry = null
    writing ??= drain()
  }

  return {
    write (entry) {
      if (entries.length >= ENTRIES_MAX) {
        const dropped = entries.shift()
        if (dropped !== undefined) onDropped(dropped)
      }
      entries.push({ id: store.nextEntryId(), ...entry })
      if (retry === null) begin()
    },
    writeAgain () {
      const missing = kept.filter(entry => !entries.includes(entry)).slice(entries.length - ENTRIES_MAX)
      entries.unshift(...missing)
      if (retry === null) begin()
    },
    async stop () {
      if (retry !== null) clearTimeout(retry)
      await writing
      stopped = true
      if (retry !== null) clearTimeout(retry)
      if (entries.length > 0) begin()
      await writing
    }
  }
}
