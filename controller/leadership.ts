import { monotonicMs } from './clock.ts'
import type { FairShare } from './fair-share.ts'
import type { Leadership as Answer, Store } from './store/store.ts'

export interface LeadershipTiming {
  /** How long the store keeps a leader that no longer renews. */
  readonly ttlMs: number
  /** Pause between two rounds; also how soon a follower sees that nobody leads. */
  readonly everyMs: number
}

/** Four renewals may fail before leadership ends; a dead leader is followed within about six seconds. */
export const LEADERSHIP_TIMING: LeadershipTiming = { ttlMs: 5_000, everyMs: 1_000 }

export interface LeadershipOptions {
  readonly cluster: string
  readonly controller: string
  readonly store: Store
  readonly timing: LeadershipTiming
  readonly share: FairShare
  /** Reads what a leader must know before it decides; rejects when the store does not tell. */
  readonly prepare: () => Promise<void>
  /** Each round, after the store said who leads. */
  readonly refresh: () => Promise<void>
  readonly onGained: () => void
  readonly onLost: (why: string) => void
  /** The store had forgotten who leads, and was told. */
  readonly onForgotten: () => void
  /** Another controller leads. */
  readonly onFollowing: (leader: string) => void
  readonly onRound: (error: unknown) => void
}

export interface Leadership {
  /** Resolves after the first round, whatever came of it. */
  start (): Promise<void>
  /** Gives leadership back. */
  stop (): Promise<void>
  /** Gives leadership up if its time is over: to be asked before each decision, since a timer may be late. */
  lapse (): void
  /** Who leads, as far as this controller knows. */
  leader (): string | null
}

/**
 * Who decides for one cluster: a right with an end. It is renewed well before; when the store does not answer it is kept
 * to its end, which this controller counts on its own clock from before it asked, and given up before the store could
 * give it to somebody else.
 */
export function createLeadership (options: LeadershipOptions): Leadership {
  const { cluster, controller, store, timing, share } = options
  const tenure = createTenure(why => {
    leader = null
    share.leads(cluster, false)
    options.onLost(why)
  })
  let leader: string | null = null
  let stopped = false

  async function ask (): Promise<Answer> {
    const { ttlMs } = timing
    tenure.lapse() // a timer may be late: what is over by its own clock is not kept
    const answer = await store.lead(cluster, controller, { ttlMs, want: tenure.holds() ? 'keep' : 'look' })
    if (answer.leads || answer.leader !== null) return answer
    return await share.inTurn(async () => stopped ? answer : await store.lead(cluster, controller, { ttlMs, want: 'take' }))
  }

  async function round (): Promise<void> {
    const answer = await ask()
    if (stopped) return
    if (!answer.leads) {
      tenure.end(`${answer.leader ?? 'nobody'} leads it now`)
      leader = answer.leader
      if (answer.leader !== null) options.onFollowing(answer.leader)
    } else if (tenure.holds()) {
      tenure.until(answer.untilMs)
      if (answer.restored) options.onForgotten()
    } else {
      await gain(answer.untilMs)
    }
    await options.refresh()
  }

  /** Whoever cannot learn what operators want lets another one try. */
  async function gain (untilMs: number): Promise<void> {
    try {
      await options.prepare()
    } catch (error) {
      await store.resign(cluster, controller)
      throw error
    }
    if (stopped || monotonicMs() >= untilMs) return
    tenure.until(untilMs)
    leader = controller
    share.leads(cluster, true)
    options.onGained()
  }

  async function stop (): Promise<void> {
    stopped = true
    const held = tenure.holds()
    tenure.end('this controller stops')
    await rounds.stop()
    if (held) await store.resign(cluster, controller)
  }

  const rounds = createRounds(timing.everyMs, round, options.onRound)
  return { start: rounds.start, stop, lapse: tenure.lapse, leader: () => leader }
}

/** One round after the other, with a pause in between, whatever comes of them. */
function createRounds (everyMs: number, round: () => Promise<void>, onRound: (error: unknown) => void) {
  let next: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  async function run (): Promise<void> {
    try {
      await round()
      onRound(null)
    } catch (error) {
      onRound(error)
    }
    if (!stopped) next = setTimeout(begin, everyMs)
  }

  function begin (): void {
    running = run()
  }

  return {
    async start (): Promise<void> {
      begin()
      await running
    },
    async stop (): Promise<void> {
      stopped = true
      if (next !== null) clearTimeout(next)
      await running
    }
  }
}

/** A time that ends by itself; `onOver` is told once, with the reason. */
function createTenure (onOver: (why: string) => void) {
  let held = false
  let endMs = 0
  let timer: NodeJS.Timeout | null = null

  function end (why: string): void {
    if (timer !== null) clearTimeout(timer)
    if (!held) return
    held = false
    onOver(why)
  }

  function lapse (): void {
    if (held && monotonicMs() >= endMs) end('the store did not confirm it in time')
  }

  return {
    holds: () => held,
    until (untilMs: number): void {
      held = true
      endMs = untilMs
      if (timer !== null) clearTimeout(timer)
      if (untilMs !== Infinity) timer = setTimeout(lapse, Math.max(0, untilMs - monotonicMs()) + 1)
    },
    lapse,
    end
  }
}
