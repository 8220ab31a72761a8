/** Chance that a seed decides: the same seed, the same run (sfc32, seeded by splitmix32). */
export interface Random {
  /** In [0, 1). */
  next (): number
  between (from: number, to: number): number
  whole (from: number, to: number): number
  chance (probability: number): boolean
  pick<T> (list: readonly T[]): T
  /** A generator of its own, so that what one part draws does not shift what another gets. */
  fork (): Random
}

export function createRandom (seed: number): Random {
  let mixed = seed >>> 0
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0
    let t = mixed ^ (mixed >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t = t ^ (t >>> 15)
    t = Math.imul(t, 0x735a2d97)
    return t ^ (t >>> 15)
  }
  let a = split()
  let b = split()
  let c = split()
  let d = split()
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4_294_967_296
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    whole,
    between: (from, to) => from + next() * (to - from),
    chance: probability => next() < probability,
    pick: list => {
      const found = list[whole(0, list.length - 1)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    },
    fork: () => createRandom(Math.floor(next() * 4_294_967_296))
  }
}

interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time: nothing happens between two events, and an hour takes milliseconds. */
export interface World {
  now (): number
  after (delayMs: number, run: () => void): void
  runUntil (endMs: number): void
  /** Ends the run at once: what comes after a violation says nothing. */
  halt (): void
  /** One line of the story of this run. */
  note (text: string): void
  trace (): readonly string[]
  /** Of every event's time and every line. */
  digest (): string
  events (): number
}

const TRACE_LINES_MAX = 4_000

export function createWorld (): World {
  const heap: Due[] = []
  let lines: { readonly atMs: number, readonly text: string }[] = []
  let nowMs = 0
  let order = 0
  let executed = 0
  let halted = false
  let hash = 0x811c9dc5

  function mix (value: number): void {
    hash = Math.imul(hash ^ (value | 0), 0x01000193)
  }

  function earlier (a: Due, b: Due): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  function push (item: Due): void {
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] as Due
      if (!earlier(item, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = item
  }

  function pop (): Due {
    const first = heap[0] as Due
    const last = heap.pop() as Due
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && earlier(heap[child + 1] as Due, heap[child] as Due)) child++
      if (!earlier(heap[child] as Due, last)) break
      heap[at] = heap[child] as Due
      at = child
    }
    heap[at] = last
    return first
  }

  return {
    now: () => nowMs,
    after (delayMs, run) {
      push({ atMs: nowMs + Math.max(0, delayMs), order: order++, run })
    },
    runUntil (endMs) {
      while (!halted && heap.length > 0 && (heap[0] as Due).atMs <= endMs) {
        const due = pop()
        nowMs = due.atMs
        executed++
        mix(Math.floor(nowMs * 1_000))
        due.run()
      }
      if (!halted) nowMs = Math.max(nowMs, endMs)
    },
    halt () { halted = true },
    note (text) {
      for (let at = 0; at < text.length; at++) mix(text.charCodeAt(at))
      lines.push({ atMs: nowMs, text })
      if (lines.length > 2 * TRACE_LINES_MAX) lines = lines.slice(-TRACE_LINES_MAX)
    },
    trace: () => lines.map(({ atMs, text }) => `${atMs.toFixed(2).padStart(10)} ${text}`),
    digest: () => (hash >>> 0).toString(16).padStart(8, '0'),
    events: () => executed
  }
}
