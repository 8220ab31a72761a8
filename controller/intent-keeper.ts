import type { Intent, Store } from './store/store.ts'

export interface IntentKeeperOptions {
  readonly cluster: string
  readonly store: Store
  /** What is wanted changed, here or elsewhere. */
  readonly onChange: (paused: Intent['paused']) => void
  /** The store had lost it, and was told it again. */
  readonly onRestored: (intent: Intent) => void
}

export interface IntentKeeper {
  readonly paused: () => Intent['paused']
  /** Brings what is known here and what is in the store together, by version; only a leader writes. */
  refresh (leading: boolean): Promise<void>
  /** Rejects when the store does not take it; then nothing has changed here, and the store is set right as soon as it answers. */
  set (paused: Intent['paused']): Promise<void>
}

/** What operators want of one cluster: known to every controller that follows it, so that a store that forgets it is told again. */
export function createIntentKeeper ({ cluster, store, onChange, onRestored }: IntentKeeperOptions): IntentKeeper {
  let known: Intent = { version: 0, paused: null }
  /** A version that was refused to an operator and that the store may hold all the same, its answer lost. */
  let refusedVersion = 0
  let writing = false

  function adopt (intent: Intent): void {
    const changed = JSON.stringify(intent.paused) !== JSON.stringify(known.paused)
    known = intent
    if (changed) onChange(intent.paused)
  }

  async function refresh (leading: boolean): Promise<void> {
    if (writing) return
    const stored = await store.intent(cluster)
    if (writing) return
    if (refusedVersion > 0 && leading) {
      const undone = { version: Math.max(known.version, stored.version, refusedVersion) + 1, paused: known.paused }
      await store.setIntent(cluster, undone)
      known = undone
    } else if (stored.version > known.version) {
      adopt(stored)
    } else if (stored.version < known.version && leading) {
      await store.setIntent(cluster, known)
      onRestored(known)
    }
    refusedVersion = 0
  }

  async function set (paused: Intent['paused']): Promise<void> {
    const next = { version: Math.max(known.version, refusedVersion) + 1, paused }
    writing = true
    try {
      await store.setIntent(cluster, next)
    } catch (error) {
      refusedVersion = next.version
      throw error
    } finally {
      writing = false
    }
    refusedVersion = 0
    adopt(next)
  }

  return { paused: () => known.paused, refresh, set }
}
