import type { SeedResult } from './run-seed.ts'

/** What many runs add up to. */
export interface Summary {
  readonly runs: number
  readonly simulatedMs: number
  readonly events: number
  readonly acknowledged: number
  readonly longestSettleMs: number
  readonly faults: Readonly<Record<string, number>>
  readonly operations: Readonly<Record<string, number>>
  /** Violations that the mode allows, by rule. */
  readonly expected: Readonly<Record<string, number>>
  readonly broken: readonly BrokenSeed[]
}

export interface BrokenSeed {
  readonly seed: number
  readonly violations: readonly string[]
  readonly trace: readonly string[]
}

export const EMPTY_SUMMARY: Summary = { runs: 0, simulatedMs: 0, events: 0, acknowledged: 0, longestSettleMs: 0, faults: {}, operations: {}, expected: {}, broken: [] }

/** Of a broken seed the end of the story is kept: the rest comes back by replaying it. */
const TRACE_KEPT_LINES = 60
const BROKEN_MAX = 10

export function addRun (summary: Summary, run: SeedResult): Summary {
  const broken = run.violations.length === 0 || run.expected ? [] : [{ seed: run.seed, violations: run.violations, trace: run.trace.slice(-TRACE_KEPT_LINES) }]
  return add(summary, { runs: 1, simulatedMs: run.simulatedMs, events: run.events, acknowledged: run.acknowledged, longestSettleMs: run.settledAfterMs, faults: run.faults, operations: run.operations, expected: run.expected ? countOf(run.rules) : {}, broken })
}

export function add (a: Summary, b: Summary): Summary {
  return {
    runs: a.runs + b.runs,
    simulatedMs: a.simulatedMs + b.simulatedMs,
    events: a.events + b.events,
    acknowledged: a.acknowledged + b.acknowledged,
    longestSettleMs: Math.max(a.longestSettleMs, b.longestSettleMs),
    faults: addCounts(a.faults, b.faults),
    operations: addCounts(a.operations, b.operations),
    expected: addCounts(a.expected, b.expected),
    broken: [...a.broken, ...b.broken].slice(0, BROKEN_MAX)
  }
}

function countOf (keys: readonly string[]): Record<string, number> {
  return keys.reduce<Record<string, number>>((sum, key) => addCounts(sum, { [key]: 1 }), {})
}

function addCounts (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a }
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count
  return sum
}

/** Hours count for more in a slow world and events for less in a quiet one: both are told. */
export function throughputInWords ({ simulatedMs, events }: Summary, wallMs: number, cpuMs: number): string {
  return `${(wallMs / 1_000).toFixed(1)} s, ${(cpuMs / 1_000).toFixed(1)} s of CPU: ${(simulatedMs / cpuMs).toFixed(0)} simulated hours for each hour of CPU, ${(1_000 * events / cpuMs).toFixed(0)} events for each second of it`
}

export function inWords (summary: Summary): string {
  const list = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, count]) => `${key} ${count}`).join(', ')
  const faults = Object.values(summary.faults).reduce((sum, count) => sum + count, 0)
  return [
    `${summary.runs} runs, ${(summary.simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${summary.events} events, ${summary.acknowledged} writes acknowledged`,
    `${faults} faults: ${list(summary.faults)}`,
    `operations: ${list(summary.operations)}`,
    `settled at most ${(summary.longestSettleMs / 1_000).toFixed(1)} s after the faults ended`,
    ...(Object.keys(summary.expected).length === 0 ? [] : [`expected here, by the first rule broken in a run: ${list(summary.expected)}`]),
    `${summary.broken.length}${summary.broken.length === BROKEN_MAX ? ' or more' : ''} violations`
  ].join('\n')
}
