import type { StoredKept } from './kept.ts'
import type { Intent, Store } from './store/store.ts'

/** What operators want. */
export type Wanted = Required<Pick<Intent, 'paused' | 'preferences' | 'planned'>>

export interface IntentKeeperOptions {
  readonly cluster: string
  readonly store: Store
  /** What is wanted changed, here or elsewhere. */
  readonly onChange: (wanted: Wanted) => void
  /** The store had lost it, and was told it again. */
  readonly onRestored: (intent: Intent) => void
  /** The store does not take what the leader keeps in it; it is given it again in the next round. */
  readonly onFailed: (error: unknown) => void
}

export interface IntentKeeper {
  readonly wanted: () => Wanted
  readonly kept: () => StoredKept
  /** Brings what is known here and what is in the store together, by version; only a leader writes. */
  refresh (leading: boolean): Promise<void>
  /** Rejects when the store does not take it; then nothing has changed here, and the store is set right as soon as it answers. */
  set (change: (known: Intent) => Partial<Intent>): Promise<void>
  /** Stored as soon as the store takes it; until then known here alone. */
  keep (kept: StoredKept): void
}

const NOTHING: Intent = { version: 0, paused: null }

/** What operators want of one cluster, and what its leader keeps: known to every controller that follows it, so that a store that forgets it is told again. */
export function createIntentKeeper ({ cluster, store, onChange, onRestored, onFailed }: IntentKeeperOptions): IntentKeeper {
  let known = NOTHING
  /** What the leader wants kept, and the store has not taken yet. */
  let unsaved: StoredKept | null = null
  /** A version that was refused to an operator and that the store may hold all the same, its answer lost. */
  let refusedVersion = 0
  const writes = createWrites()

  function adopt (intent: Intent): void {
    const changed = JSON.stringify(wantedOf(intent)) !== JSON.stringify(wantedOf(known))
    known = intent
    if (changed) onChange(wantedOf(intent))
  }

  async function refresh (leading: boolean): Promise<void> {
    if (writes.running()) return
    const stored = await store.intent(cluster)
    if (writes.running()) return
    await writes.inTurn(() => reconcile(stored, leading))
    if (leading && unsaved !== null) await save()
  }

  async function reconcile (stored: Intent, leading: boolean): Promise<void> {
    if (refusedVersion > 0 && leading) {
      const undone = { ...known, version: Math.max(known.version, stored.version, refusedVersion) + 1 }
      await store.setIntent(cluster, undone)
      known = undone
    } else if (stored.version > known.version) {
      adopt(stored)
      if (!leading) unsaved = null // another leader has written since
    } else if (stored.version < known.version && leading) {
      await store.setIntent(cluster, known)
      onRestored(known)
    }
    refusedVersion = 0
  }

  async function write (change: Partial<Intent>): Promise<void> {
    const next = { ...known, ...change, version: Math.max(known.version, refusedVersion) + 1 }
    try {
      await store.setIntent(cluster, next)
    } catch (error) {
      refusedVersion = next.version
      throw error
    }
    refusedVersion = 0
    adopt(next)
  }

  async function save (): Promise<void> {
    await writes.inTurn(async () => {
      const saving = unsaved
      if (saving !== null) await write(saving)
      if (unsaved === saving) unsaved = null
    })
  }

  return {
    wanted: () => wantedOf(known),
    kept: () => ({ ...known, ...unsaved }),
    refresh,
    set: change => writes.inTurn(() => write(change(known))),
    keep (kept) {
      unsaved = { ...unsaved, ...kept }
      save().catch(onFailed)
    }
  }
}

function wantedOf ({ paused, preferences = {}, planned = [] }: Intent): Wanted {
  return { paused, preferences, planned }
}

/** One after the other: each has the version after the one before. */
function createWrites () {
  let last: Promise<void> = Promise.resolve()
  let running = 0
  return {
    running: () => running > 0,
    async inTurn (write: () => Promise<void>): Promise<void> {
      running++
      const mine = last.then(write).finally(() => { running-- })
      last = mine.catch(() => { /* whoever asked for it is told */ })
      await mine
    }
  }
}
