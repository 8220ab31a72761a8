import type { DurableState } from '../../agent/core/actions.ts'
import type { Restored } from '../../agent/core/unit.ts'
import type { Random, World } from './world.ts'

/** A node's voter file: what is stored is there after every crash, unless the disk lies (agent/durable.ts). */
export interface VoterDisk {
  /** What the next start finds: a torn file is noticed by its checksum, and is never a new voter. */
  restored (): Restored
  readonly term: () => number
  /** Tells why it could not be stored; null when it was. */
  store (state: DurableState, done: (failure: string | null) => void): void
  /** The process dies: a write under way is on disk or not. */
  interrupt (): void
  /** No room, or read-only: nothing is stored until it is over. */
  setFull (full: boolean): void
  tear (): void
  readonly torn: () => boolean
  /** The way out of a torn file: the operator moves it away, and the node is a new voter. */
  moveAway (): void
  /** The disk had said that it stored what it had not: some of the last words are lost with the power. */
  loseLast (): void
}

const REMEMBERED_WRITES = 4

/** `first`: of a node that never voted. */
export function createVoterDisk (world: World, random: Random, fsyncMs: number, first: DurableState, stored: (durable: DurableState) => void): VoterDisk {
  let durable = first
  let older: DurableState[] = []
  let writing: DurableState | null = null
  let write = 0
  let full = false
  let torn = false

  function replace (next: DurableState): void {
    older = [...older, durable].slice(-REMEMBERED_WRITES)
    durable = next
    torn = false
    stored(durable)
  }

  return {
    restored: () => torn ? { problem: 'the voter\'s file is corrupt' } : durable,
    term: () => durable.voter.term,
    store (state, done) {
      const mine = ++write
      writing = state
      world.after(random.between(0.1, fsyncMs), () => {
        if (mine !== write) return
        writing = null
        if (!full) replace(state)
        done(full ? 'no space left on device' : null)
      })
    },
    interrupt () {
      write++
      if (writing !== null && !full && random.chance(0.5)) replace(writing)
      writing = null
    },
    setFull (next) { full = next },
    tear () { torn = true },
    torn: () => torn,
    moveAway () {
      torn = false
      durable = first
      older = []
    },
    loseLast () {
      durable = older.length === 0 ? durable : random.pick(older)
      older = []
    }
  }
}
