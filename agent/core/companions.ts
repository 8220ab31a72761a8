// The companions of a cluster on this node: one after the other in their order, down in the reverse one, restarted a
// bounded number of times. Nothing here decides who serves.
import type { CompanionAction, CompanionEvent, CompanionRules, CompanionsState, CompanionState, Look, SteppedCompanions, Wanted } from './companion-state.ts'

/** After the first failure, the second, and so on. */
const BACKOFF_MS = [100, 1_000, 2_000, 5_000, 10_000] as const
/** A check that fails so often in a row means a restart. */
const ILL_LOOKS_MAX = 3
/** After a stop that failed. */
const STOP_AGAIN_MS = 1_000

export function stepCompanions (rules: readonly CompanionRules[], state: CompanionsState, event: CompanionEvent, nowMs: number): SteppedCompanions {
  const [taken, actions] = take(rules, state, event, nowMs)
  const [settled, more] = settle(rules, taken, nowMs)
  const wakeAtMs = Math.min(...rules.map(({ name }) => dueAtMs(settled.items[name], nowMs)))
  return [settled, [...actions, ...more, ...(Number.isFinite(wakeAtMs) ? [{ type: 'wakeAt' as const, atMs: Math.max(nowMs, wakeAtMs) }] : [])]]
}

/** Whether it shall run where this is wanted. */
export function isWanted (wanted: Wanted, { required }: Pick<CompanionRules, 'required'>): boolean {
  return wanted === 'run' || (wanted === 'required' && required)
}

function take (rules: readonly CompanionRules[], state: CompanionsState, event: CompanionEvent, nowMs: number): SteppedCompanions {
  switch (event.type) {
    case 'woke': return [state, []]
    case 'wanted': return want(state, event.wanted)
    case 'ended': return [change(state, event.name, { nextLookAtMs: nowMs }), []]
    case 'looked':
    case 'did': {
      const item = state.items[event.name]
      const rule = rules.find(({ name }) => name === event.name)
      if (item === undefined || rule === undefined || item.busy?.op !== event.op) return [state, []]
      const free = change(state, event.name, { busy: null })
      return event.type === 'looked' ? looked(rule, free, event.look, nowMs) : did(rule, free, item.busy.kind, event.error, nowMs)
    }
    default:
      event satisfies never
      return [state, []]
  }
}

/** A new turn to serve begins with a clean sheet; whoever is to stop is not kept waiting by a look or a start. */
function want (state: CompanionsState, wanted: Wanted): SteppedCompanions {
  if (wanted === state.wanted) return [state, []]
  const anew = state.wanted === 'stop' || state.wanted === 'leave'
  const actions: CompanionAction[] = []
  const items = Object.fromEntries(Object.entries(state.items).map(([name, item]): [string, CompanionState] => {
    if (wanted === 'stop' && item.busy !== null && item.busy.kind !== 'stop') actions.push({ type: 'abort', name, op: item.busy.op })
    const fresh = anew ? { failedAtMs: [], startAtMs: 0 } : {}
    return [name, { ...item, ...fresh, problem: anew || wanted === 'stop' ? null : item.problem, nextLookAtMs: 0 }]
  }))
  return [{ ...state, wanted, items }, actions]
}

function looked (rule: CompanionRules, state: CompanionsState, look: Look, nowMs: number): SteppedCompanions {
  const { name, checkEveryMs } = rule
  const item = itemOf(state, name)
  const next = { nextLookAtMs: nowMs + checkEveryMs }
  const shallRun = isWanted(state.wanted, rule)
  if (look.state === 'stopped') {
    const gone = change(state, name, { ...next, seen: { type: 'stopped' }, meant: false, ...(state.wanted === 'stop' ? { problem: null } : {}) })
    return shallRun && item.meant ? failed(rule, gone, 'it ended by itself', nowMs) : [gone, []]
  }
  if (look.state === 'ill') {
    const looks = (item.seen.type === 'ill' ? item.seen.looks : 0) + 1
    const ill = change(state, name, { ...next, seen: { type: 'ill', pid: look.pid, looks, why: look.why } })
    return shallRun && looks === ILL_LOOKS_MAX ? failed(rule, ill, `its check failed ${looks} times in a row: ${look.why}`, nowMs) : [ill, []]
  }
  const runs = change(state, name, { ...next, seen: { type: 'running', pid: look.pid }, meant: shallRun, ...(shallRun ? { problem: null } : {}) })
  if (shallRun && !item.meant) return [runs, [happened('companionAdopted', `companion ${name} runs already and is adopted`, { companion: name, pid: look.pid })]]
  const stray = state.wanted === 'stop' && item.seen.type === 'stopped'
  return [runs, stray ? [happened('companionStray', `companion ${name} runs although this node does not serve: it is stopped`, { companion: name, pid: look.pid })] : []]
}

function did (rule: CompanionRules, state: CompanionsState, kind: 'look' | 'start' | 'stop', error: string | null, nowMs: number): SteppedCompanions {
  const { name } = rule
  // a look that was given up changed nothing: what was seen before it still counts, and a stop need not look first
  const known = change(state, name, { nextLookAtMs: nowMs, ...(kind === 'look' ? {} : { seen: { type: 'unknown' as const } }) })
  if (kind === 'stop') {
    if (error !== null) return [change(known, name, { problem: `it could not be stopped: ${error}`, nextLookAtMs: nowMs + STOP_AGAIN_MS }), [happened('companionNotStopped', `companion ${name} could not be stopped: ${error}`, { companion: name })]]
    return [change(known, name, { seen: { type: 'stopped' }, meant: false, nextLookAtMs: nowMs + rule.checkEveryMs, ...(state.wanted === 'stop' ? { problem: null } : {}) }),
      [happened('companionStopped', `companion ${name} was stopped`, { companion: name })]]
  }
  if (error === null && kind === 'start') return [change(known, name, { meant: true }), [happened('companionStarted', `companion ${name} was started`, { companion: name })]]
  if (error === null || !isWanted(state.wanted, rule)) return [known, []]
  return kind === 'start' ? failed(rule, known, `it did not start: ${error}`, nowMs) : [change(known, name, { nextLookAtMs: nowMs + rule.checkEveryMs, problem: `it cannot be looked at: ${error}` }), []]
}

/** Counted, told, and tried again: soon while there are restarts left, otherwise when the oldest of them is past. */
function failed ({ name, restarts, restartWindowMs }: CompanionRules, state: CompanionsState, why: string, nowMs: number): SteppedCompanions {
  const failedAtMs = [...itemOf(state, name).failedAtMs.filter(atMs => atMs > nowMs - restartWindowMs), nowMs].slice(-(restarts + 1))
  const [oldestMs = nowMs] = failedAtMs
  const spent = failedAtMs.length > restarts
  const startAtMs = spent ? oldestMs + restartWindowMs : nowMs + (BACKOFF_MS[failedAtMs.length - 1] ?? BACKOFF_MS[BACKOFF_MS.length - 1] ?? 0)
  const inWords = `${restarts} restarts in ${restartWindowMs / 1_000} s`
  const problem = spent ? `${why}; its ${inWords} are spent, and it is tried again when they are past` : why
  const actions = [happened('companionFailed', `companion ${name} failed: ${why}`, { companion: name, failures: failedAtMs.length })]
  if (spent) actions.push(happened('companionGivenUp', `companion ${name} is not restarted for ${Math.ceil((startAtMs - nowMs) / 1_000)} s: its ${inWords} are spent (${why})`, { companion: name, failures: failedAtMs.length }))
  return [change(state, name, { failedAtMs, startAtMs, problem, meant: false }), actions]
}

/** What is due for each of them, as things are. */
function settle (rules: readonly CompanionRules[], state: CompanionsState, nowMs: number): SteppedCompanions {
  let next = state
  const actions: CompanionAction[] = []
  for (const [index, rule] of rules.entries()) {
    const kind = due(rules, next, index, nowMs)
    if (kind === null) continue
    const op = next.nextOp
    next = { ...change(next, rule.name, { busy: { op, kind }, ...(kind === 'look' ? {} : { nextLookAtMs: Infinity }) }), nextOp: op + 1 }
    actions.push({ type: kind, name: rule.name, op })
  }
  return [next, actions]
}

function due (rules: readonly CompanionRules[], state: CompanionsState, index: number, nowMs: number): 'look' | 'start' | 'stop' | null {
  const rule = rules[index]
  const item = rule === undefined ? undefined : state.items[rule.name]
  if (rule === undefined || item === undefined || item.busy !== null) return null
  const { seen } = item
  const shallRun = isWanted(state.wanted, rule)
  const look = nowMs >= item.nextLookAtMs ? 'look' : null
  if (seen.type === 'unknown') return look
  if (seen.type === 'stopped') return shallRun && nowMs >= item.startAtMs && earlierOnesTried(rules, state, index) ? 'start' : look
  if (state.wanted === 'stop') return laterOnesStopped(rules, state, index) ? 'stop' : look
  return seen.type === 'ill' && seen.looks >= ILL_LOOKS_MAX && shallRun ? 'stop' : look
}

/** One that fails does not keep the others from being started. */
function earlierOnesTried (rules: readonly CompanionRules[], state: CompanionsState, index: number): boolean {
  return rules.slice(0, index).filter(rule => isWanted(state.wanted, rule)).every(({ name }) => {
    const item = state.items[name]
    return item?.problem !== null || item.seen.type === 'running'
  })
}

function laterOnesStopped (rules: readonly CompanionRules[], state: CompanionsState, index: number): boolean {
  return rules.slice(index + 1).every(({ name }) => {
    const item = state.items[name]
    return item?.problem !== null || item.seen.type === 'stopped'
  })
}

function dueAtMs (item: CompanionState | undefined, nowMs: number): number {
  if (item === undefined || item.busy !== null) return Infinity
  return item.seen.type === 'stopped' && item.startAtMs > nowMs ? Math.min(item.nextLookAtMs, item.startAtMs) : item.nextLookAtMs
}

function itemOf (state: CompanionsState, name: string): CompanionState {
  const item = state.items[name]
  if (item === undefined) throw new RangeError(`there is no companion ${name}`)
  return item
}

function change (state: CompanionsState, name: string, changes: Partial<CompanionState>): CompanionsState {
  const item = state.items[name]
  return item === undefined ? state : { ...state, items: { ...state.items, [name]: { ...item, ...changes } } }
}

function happened (kind: string, message: string, facts: Extract<CompanionAction, { type: 'happened' }>['facts']): CompanionAction {
  return { type: 'happened', kind, message, facts }
}
