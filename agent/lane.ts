/** Work that waits behind other work of the same kind; more than this is a fault of the caller, not load. */
const WAITING_MAX = 16

export type LaneTask<T> = (signal: AbortSignal) => Promise<T>

export interface Lane {
  /** Runs after everything that was asked earlier; its signal is aborted when an urgent task overtakes it. */
  run<T> (task: LaneTask<T>): Promise<T>
  /** Ends what runs or waits, and runs next: giving up never queues behind taking. */
  urgent<T> (task: LaneTask<T>): Promise<T>
}

/**
 * One command at a time on one kernel object. Without it a slow `hold` could finish after the `release` that was
 * meant to end it, and leave the address behind.
 */
export function createLane (): Lane {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let epoch = new AbortController()

  async function enqueue<T> (task: LaneTask<T>, signal: AbortSignal): Promise<T> {
    const before = last
    const turn = Promise.withResolvers<undefined>()
    last = turn.promise
    waiting++
    try {
      await before
      signal.throwIfAborted()
      return await task(signal)
    } finally {
      waiting--
      turn.resolve(undefined)
    }
  }

  return {
    async run (task) {
      if (waiting >= WAITING_MAX) throw new Error(`${waiting} commands wait already`)
      return await enqueue(task, epoch.signal)
    },
    async urgent (task) {
      epoch.abort(new Error('overtaken by a release'))
      epoch = new AbortController()
      return await enqueue(task, new AbortController().signal)
    }
  }
}
