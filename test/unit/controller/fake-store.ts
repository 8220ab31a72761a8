// A store in memory that fails, hangs and forgets when a test says so.
import type { HistoryEntry } from '../../../protocol/api.ts'
import type { Intent, Memory, Store } from '../../../controller/store/store.ts'
import { StoreUnavailableError } from '../../../controller/store/store-errors.ts'

export interface FakeStore extends Store {
  /** What every call does from now on: answers, rejects, never answers; or it does what it is asked and then rejects. */
  mode: 'answers' | 'rejects' | 'hangs' | 'losesAnswers'
  /** Who leads; null: nobody. */
  leader: string | null
  /** Null: leadership has no end. */
  margin: number | null
  stored: Intent
  entries: HistoryEntry[]
  calls: string[]
}

export function fakeStore (over: Partial<FakeStore> = {}): FakeStore {
  let lastId = 0
  let memory: Memory | null = null

  async function asked <T> (call: string, answer: () => T): Promise<T> {
    store.calls.push(call)
    if (store.mode === 'hangs') {
      while (store.mode === 'hangs') await new Promise(resolve => setImmediate(resolve))
      throw new StoreUnavailableError('fake', `${call} timed out`)
    }
    if (store.mode === 'rejects') throw new StoreUnavailableError('fake', `${call} failed`)
    const value = answer()
    if (store.mode === 'losesAnswers') throw new StoreUnavailableError('fake', `no answer to ${call}`)
    return value
  }

  const store: FakeStore = {
    mode: 'answers',
    leader: null,
    margin: 0,
    stored: { version: 0, paused: null },
    entries: [],
    calls: [],
    open: async () => { /* nothing to open */ },
    close: async () => { /* nothing to close */ },
    async lead (_cluster, controller, { ttlMs, want }) {
      if (store.margin === null) return { leads: true, untilMs: Infinity, restored: false }
      const askedAtMs = performance.now()
      return await asked('lead', () => {
        const restored = want === 'keep' && store.leader === null
        if (want !== 'look') store.leader ??= controller
        return store.leader === controller ? { leads: true, untilMs: askedAtMs + ttlMs, restored } : { leads: false, leader: store.leader }
      })
    },
    resign: (_cluster, controller) => asked('resign', () => { if (store.leader === controller) store.leader = null }),
    intent: () => asked('intent', () => store.stored),
    setIntent: (_cluster, intent) => asked('setIntent', () => { store.stored = intent }),
    memory: () => asked('memory', () => memory),
    setMemory: (_cluster, told) => asked('setMemory', () => { memory = told }),
    nextEntryId: () => ++lastId,
    append: entry => asked('append', () => {
      const isThere = store.entries.find(({ id, happening }) => id === entry.id || (happening !== undefined && happening === entry.happening))
      if (isThere === undefined) store.entries.push(entry)
      return isThere === undefined || isThere.id === entry.id
    }),
    history: () => asked('history', () => store.entries.toReversed()),
    entry: id => asked('entry', () => store.entries.find(entry => entry.id === id) ?? null),
    ...over
  }
  return store
}
