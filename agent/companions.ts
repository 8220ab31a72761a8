// The loop of a cluster's companions on this node: what the unit is doing in, the pure step, actions on real services out.
import type { Logger } from 'pino'
import type { CompanionReport, Phase } from '../protocol/report.ts'
import { monotonicMs } from './clock.ts'
import type { Companion } from './companion.ts'
import { newCompanions, type CompanionAction, type CompanionEvent, type CompanionRules, type CompanionsState, type Wanted } from './core/companion-state.ts'
import { isWanted, stepCompanions } from './core/companions.ts'

export interface CompanionsOptions {
  readonly companions: ReadonlyArray<{ readonly rules: CompanionRules, readonly companion: Companion, readonly stopTimeoutMs: number, readonly startTimeoutMs: number }>
  readonly onHappening: (kind: string, message: string, facts: Readonly<Record<string, string | number | boolean | null>>) => void
  readonly onProblem: (code: string, message: string | null) => void
  /** Something that the report tells has changed. */
  readonly onChange: () => void
  readonly logger: Logger
}

export interface Companions {
  /** What the unit is doing now. Phases in between (a promotion, a hand-over) change nothing by themselves. */
  phase (phase: Phase): void
  /** Resolves when all that are required run; rejects when one of them failed, and when `signal` is aborted. */
  startRequired (signal: AbortSignal): Promise<void>
  /** Resolves when all are stopped, in the reverse order; rejects when one could not be. They stay so until the unit is active again. */
  stop (): Promise<void>
  readonly hasRequired: boolean
  report (): readonly CompanionReport[]
  /** Lets go of them without touching them: the agent ends. */
  detach (): void
}

/** Besides the companion's own deadlines: looks, and SIGKILL. */
const EXTRA_MS = 3_000

interface Waiter {
  readonly isDone: (state: CompanionsState) => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export function createCompanions ({ companions, onHappening, onProblem, onChange, logger }: CompanionsOptions): Companions {
  const rules = companions.map(one => one.rules)
  const required = rules.filter(rule => rule.required)
  const underWay = new Map<number, AbortController>()
  const waiters = new Set<Waiter>()
  let state = newCompanions(rules)
  let timer: NodeJS.Timeout | null = null
  let detached = false
  let said = ''
  for (const { companion } of companions) companion.onEnded(() => send({ type: 'ended', name: companion.name }))

  function send (event: CompanionEvent): void {
    if (detached) return
    const [next, actions] = stepCompanions(rules, state, event, monotonicMs())
    state = next
    for (const action of actions) perform(action)
    settleWaiters()
    tell()
  }

  function perform (action: CompanionAction): void {
    switch (action.type) {
      case 'look':
      case 'start':
      case 'stop': return act(action.type, action.name, action.op)
      case 'abort': return underWay.get(action.op)?.abort(new Error('it is to be stopped'))
      case 'happened': return onHappening(action.kind, action.message, action.facts)
      case 'wakeAt':
        if (timer !== null) clearTimeout(timer)
        timer = setTimeout(() => send({ type: 'woke' }), Math.max(1, Math.ceil(action.atMs - monotonicMs())))
        timer.unref()
        return
      default: action satisfies never
    }
  }

  function act (kind: 'look' | 'start' | 'stop', name: string, op: number): void {
    const companion = companions.find(one => one.companion.name === name)?.companion
    if (companion === undefined) return
    const controller = new AbortController()
    underWay.set(op, controller)
    run(companion, kind, op, controller.signal).then(
      event => { end(op, event) },
      (error: unknown) => {
        logger.debug({ companion: name, kind, err: error }, 'companion')
        end(op, { type: 'did', name, op, error: error instanceof Error ? error.message : String(error) })
      }
    )
  }

  async function run (companion: Companion, kind: 'look' | 'start' | 'stop', op: number, signal: AbortSignal): Promise<CompanionEvent> {
    if (kind === 'look') return { type: 'looked', name: companion.name, op, look: await companion.look(signal) }
    await (kind === 'start' ? companion.start(signal) : companion.stop())
    return { type: 'did', name: companion.name, op, error: null }
  }

  function end (op: number, event: CompanionEvent): void {
    underWay.delete(op)
    send(event)
  }

  /** Something that is waited for has come, or one of those that it depends on failed. */
  function settleWaiters (): void {
    for (const waiter of waiters) {
      if (waiter.isDone(state)) waiter.resolve()
      else {
        const failed = rules.find(rule => (state.wanted === 'stop' || (isWanted(state.wanted, rule) && rule.required)) && state.items[rule.name]?.problem !== null)
        if (failed !== undefined) waiter.reject(new Error(`companion ${failed.name}: ${state.items[failed.name]?.problem ?? ''}`))
      }
    }
  }

  async function waitUntil (wanted: Wanted, isDone: Waiter['isDone'], deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const done = Promise.withResolvers<undefined>()
    const waiter: Waiter = { isDone, resolve: () => done.resolve(undefined), reject: done.reject }
    const late = setTimeout(() => done.reject(new Error(`companions: not done within ${deadlineMs} ms`)), deadlineMs)
    const abort = () => done.reject(new Error('overtaken: this node must not serve'))
    signal?.addEventListener('abort', abort)
    waiters.add(waiter)
    try {
      send({ type: 'wanted', wanted })
      settleWaiters()
      await done.promise
    } finally {
      clearTimeout(late)
      signal?.removeEventListener('abort', abort)
      waiters.delete(waiter)
    }
  }

  function report (): readonly CompanionReport[] {
    return rules.map(rule => {
      const { seen, problem } = state.items[rule.name] ?? { seen: { type: 'unknown' as const }, problem: null }
      return { name: rule.name, state: seen.type, wanted: isWanted(state.wanted, rule), required: rule.required, pid: 'pid' in seen ? seen.pid : null, problem }
    })
  }

  function tell (): void {
    const problems = report().flatMap(({ name, problem }) => problem === null ? [] : [`companion ${name}: ${problem}`])
    onProblem('companion', problems.length === 0 ? null : problems.join('; '))
    const now = JSON.stringify(report())
    if (now === said) return
    said = now
    onChange()
  }

  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, EXTRA_MS)

  return {
    phase (phase) {
      if (phase === 'active') send({ type: 'wanted', wanted: 'run' })
      else if (phase === 'backup' || phase === 'stopping') send({ type: 'wanted', wanted: 'stop' })
    },
    startRequired: signal => {
      signal.throwIfAborted()
      return waitUntil('required', ({ items }) => required.every(({ name }) => items[name]?.seen.type === 'running'), sum(companions.filter(one => one.rules.required).map(one => one.startTimeoutMs)), signal)
    },
    stop: () => waitUntil('stop', ({ items }) => rules.every(({ name }) => items[name]?.seen.type === 'stopped' && items[name].busy === null), sum(companions.map(one => one.stopTimeoutMs))),
    hasRequired: required.length > 0,
    report,
    detach () {
      detached = true
      if (timer !== null) clearTimeout(timer)
      for (const controller of underWay.values()) controller.abort(new Error('the agent ends'))
    }
  }
}
