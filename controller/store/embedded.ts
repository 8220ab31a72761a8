import { createStoreCalls } from './embedded-calls.ts'
import type { StoredMethods } from './embedded-file.ts'
import type { Store } from './store.ts'

export interface EmbeddedStoreOptions {
  readonly file: string
  /** Older history entries are forgotten. */
  readonly historyMax?: number
  /** Every call is answered or rejected within this time. */
  readonly deadlineMs?: number
}

/**
 * The store of an installation with one controller: one crash-safe SQLite file, held exclusively, in a thread of its
 * own. What a call stored is on disk when it resolves. Leadership is not in the file: nobody else can have it open, and
 * this process's leadership ends with this process.
 */
export function createEmbeddedStore ({ file, historyMax = 10_000, deadlineMs = 5_000 }: EmbeddedStoreOptions): Store {
  const calls = createStoreCalls({ file, historyMax }, deadlineMs)
  const leadership = createLeadership()
  const call = <Name extends keyof StoredMethods>(method: Name) =>
    (...args: Parameters<StoredMethods[Name]>) => calls.call(method, args) as ReturnType<StoredMethods[Name]>

  return {
    open: calls.open,
    async close () {
      leadership.clear()
      await calls.close()
    },
    lead: leadership.lead,
    resign: leadership.resign,
    intent: call('intent'),
    setIntent: call('setIntent'),
    memory: call('memory'),
    setMemory: call('setMemory'),
    append: call('append'),
    history: call('history'),
    entry: call('entry')
  }
}

function createLeadership () {
  const leaders = new Map<string, { readonly controller: string, readonly untilMs: number }>()
  return {
    async lead (cluster: string, controller: string, ttlMs: number): Promise<boolean> {
      const leader = leaders.get(cluster)
      const nowMs = performance.now()
      if (leader !== undefined && leader.controller !== controller && nowMs < leader.untilMs) return false
      leaders.set(cluster, { controller, untilMs: nowMs + ttlMs })
      return true
    },
    async resign (cluster: string, controller: string): Promise<void> {
      if (leaders.get(cluster)?.controller === controller) leaders.delete(cluster)
    },
    clear: () => { leaders.clear() }
  }
}
