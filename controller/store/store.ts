import type { HistoryEntry } from '../../protocol/api.ts'

export interface Intent {
  readonly paused: { readonly by: string, readonly at: string, readonly reason: string } | null
}

/** What the leader of a cluster remembers about the last active, so that a restart of everything does not forget it (S6). */
export interface Memory {
  readonly term: number
  readonly active: string
  readonly sequence: number
}

/**
 * Leadership, operator intent and history. Safety never rests on it: a store that forgets, splits or lies can stop a
 * failover and cannot make two actives. Every method rejects with a StoreError within its deadline.
 */
export interface Store {
  open (): Promise<void>
  close (): Promise<void>
  /** Becomes or stays the leader of a cluster for `ttlMs`; false when another controller is. */
  lead (cluster: string, controller: string, ttlMs: number): Promise<boolean>
  resign (cluster: string, controller: string): Promise<void>
  intent (cluster: string): Promise<Intent>
  setIntent (cluster: string, intent: Intent): Promise<void>
  memory (cluster: string): Promise<Memory | null>
  setMemory (cluster: string, memory: Memory): Promise<void>
  /** Appends and returns the entry with its id. */
  append (entry: Omit<HistoryEntry, 'id'>): Promise<HistoryEntry>
  /** Newest first. */
  history (query: { readonly cluster?: string, readonly before?: number, readonly limit: number }): Promise<readonly HistoryEntry[]>
  entry (id: number): Promise<HistoryEntry | null>
}
