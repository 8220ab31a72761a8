import { monotonicMs } from './clock.ts'
import { ask, give, giveBack, NO_TURNS, turnDueMs, type TurnQueue, type TurnsGiven } from './core/turn-queue.ts'

const WAIT_MAX_MS = 30_000

/** Shared by all clusters of one controller. */
export interface Turns {
  /** Calls back at once with what it is, and again when a turn that is waited for is granted. */
  ask (cluster: string, onTurn: (turn: 'waiting' | 'granted') => void): void
  giveBack (cluster: string): void
  stop (): void
}

export function createTurns ({ atOnce, waitMaxMs = WAIT_MAX_MS }: { readonly atOnce: number, readonly waitMaxMs?: number }): Turns {
  const limits = { atOnce, waitMaxMs }
  const listeners = new Map<string, (turn: 'waiting' | 'granted') => void>()
  let queue: TurnQueue = NO_TURNS
  let timer: NodeJS.Timeout | null = null

  function take ([next, given]: TurnsGiven): void {
    queue = next
    if (timer !== null) clearTimeout(timer)
    const dueMs = turnDueMs(limits, queue)
    timer = dueMs === null ? null : setTimeout(() => take(give(limits, queue, monotonicMs())), Math.max(1, Math.ceil(dueMs - monotonicMs())))
    for (const cluster of given) listeners.get(cluster)?.('granted')
  }

  return {
    ask (cluster, onTurn) {
      listeners.set(cluster, onTurn)
      take(ask(limits, queue, cluster, monotonicMs()))
      if (!queue.running.includes(cluster)) onTurn('waiting')
    },
    giveBack (cluster) {
      listeners.delete(cluster)
      take(giveBack(limits, queue, cluster, monotonicMs()))
    },
    stop () {
      if (timer !== null) clearTimeout(timer)
      timer = null
      listeners.clear()
    }
  }
}
