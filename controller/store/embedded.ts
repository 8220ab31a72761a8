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
 * own. What a call stored is on disk when it resolves. Leadership is not in the file and does not depend on it: nobody
 * else can have the file open, so whoever has it leads for as long as it runs, also while the disk fails (ADR 13).
 */
export function createEmbeddedStore ({ file, historyMax = 10_000, deadlineMs = 5_000 }: EmbeddedStoreOptions): Store {
  const calls = createStoreCalls({ file, historyMax }, deadlineMs)
  const call = <Name extends keyof StoredMethods>(method: Name) =>
    (...args: Parameters<StoredMethods[Name]>) => calls.call(method, args) as ReturnType<StoredMethods[Name]>
  let lastEntryId = 0

  return {
    async open () {
      await calls.open()
      lastEntryId = await calls.call('lastEntryId', []) as number
    },
    close: calls.close,
    lead: async () => ({ leads: true, untilMs: Infinity, restored: false }),
    resign: async () => {},
    intent: call('intent'),
    setIntent: call('setIntent'),
    memory: call('memory'),
    setMemory: call('setMemory'),
    nextEntryId: () => ++lastEntryId,
    append: call('append'),
    history: call('history'),
    entry: call('entry')
  }
}
