// Who may change its active now, of all the clusters that one controller leads: so many at a time, in the order in which
// they asked. Nobody waits longer than a bound: a change that hangs must not keep other clusters down.

export interface TurnQueue {
  readonly running: readonly string[]
  readonly waiting: readonly { readonly cluster: string, readonly sinceMs: number }[]
}

export interface TurnLimits {
  readonly atOnce: number
  readonly waitMaxMs: number
}

/** The next queue, and who may begin now. */
export type TurnsGiven = readonly [TurnQueue, readonly string[]]

export const NO_TURNS: TurnQueue = { running: [], waiting: [] }

/** Somebody asks; whoever has a turn or waits already is where it was. */
export function ask (limits: TurnLimits, queue: TurnQueue, cluster: string, nowMs: number): TurnsGiven {
  if (queue.running.includes(cluster)) return [queue, [cluster]]
  const waits = queue.waiting.some(one => one.cluster === cluster)
  return give(limits, waits ? queue : { ...queue, waiting: [...queue.waiting, { cluster, sinceMs: nowMs }] }, nowMs)
}

/** A turn is over, or nobody waits for it any more. */
export function giveBack (limits: TurnLimits, { running, waiting }: TurnQueue, cluster: string, nowMs: number): TurnsGiven {
  return give(limits, { running: running.filter(one => one !== cluster), waiting: waiting.filter(one => one.cluster !== cluster) }, nowMs)
}

/** The first in the queue, while there are turns; and whoever has waited for so long that it goes beyond the limit. */
export function give (limits: TurnLimits, { running, waiting }: TurnQueue, nowMs: number): TurnsGiven {
  const free = Math.max(0, limits.atOnce - running.length)
  const given = waiting.filter(({ sinceMs }, at) => at < free || nowMs - sinceMs >= limits.waitMaxMs).map(one => one.cluster)
  return [{ running: [...running, ...given], waiting: waiting.filter(one => !given.includes(one.cluster)) }, given]
}

/** When the one that has waited longest goes ahead whatever the others do. */
export function turnDueMs ({ waitMaxMs }: TurnLimits, { waiting }: TurnQueue): number | null {
  return waiting[0] === undefined ? null : waiting[0].sinceMs + waitMaxMs
}
