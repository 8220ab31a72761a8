// What a campaign found, as numbers and as a page.
import type { Paint } from '../../cli/render/style.ts'
import { table } from '../../cli/render/table.ts'
import { duration } from '../../cli/render/time.ts'
import type { HistoryEntry } from '../../protocol/api.ts'
import type { ObserverReport } from '../testbed/observer.ts'
import { endedOperations, type Violation } from './judgement.ts'
import { around, causeOf, type Blow, type ClientOutage } from './timeline.ts'

export interface RowTally {
  readonly acked: number
  readonly present: number
  readonly rescued: number
  readonly told: number
  readonly lost: number
}

export interface ChaosReport {
  readonly seed: number
  readonly minutes: number
  readonly elapsedMs: number
  readonly ovs: string
  readonly controllers: number
  /** 0: the embedded store. */
  readonly redis: number
  readonly rounds: number
  readonly faults: Readonly<Record<string, { readonly struck: number, readonly missed: number }>>
  readonly struckFaults: number
  readonly changes: Readonly<Record<string, number>>
  readonly rows: RowTally
  readonly direct: { readonly attempts: number, readonly accepted: number }
  readonly outages: ReadonlyArray<{ readonly cause: string, readonly outages: number, readonly medianMs: number, readonly longestMs: number }>
  /** One of each: an outage that several clients had is told once. */
  readonly longestOutages: ReadonlyArray<ClientOutage & { readonly cause: string, readonly timeline: readonly string[] }>
  readonly observer: { readonly accepted: number, readonly tenures: number, readonly conflicts: number, readonly blindMs: number }
  readonly convergence: { readonly boundMs: number, readonly medianMs: number, readonly longestMs: number, readonly roundsMs: readonly number[] }
  readonly violations: ReadonlyArray<Violation & { readonly timeline: readonly string[] }>
  /** Where logs and databases were copied to; null when there was no reason to. */
  readonly kept: string | null
}

export interface Findings {
  readonly seed: number
  readonly minutes: number
  readonly elapsedMs: number
  readonly ovs: string
  readonly controllers: number
  readonly redis: number
  readonly boundMs: number
  readonly blows: readonly Blow[]
  readonly entries: readonly HistoryEntry[]
  readonly rows: RowTally
  readonly direct: ChaosReport['direct']
  readonly outages: readonly ClientOutage[]
  readonly observer: ObserverReport
  readonly convergencesMs: readonly number[]
  readonly violations: readonly Violation[]
}

const LONGEST_TOLD = 8

export function toReport (found: Findings): ChaosReport {
  const { seed, minutes, elapsedMs, ovs, controllers, redis, boundMs, rows, direct, observer, convergencesMs, violations } = found
  const outages = found.outages.map(outage => ({ ...outage, cause: causeOf(outage, found.blows) }))
  const timeline = (startMs: number, ms: number) => around({ startMs, ms }, found.blows, found.entries)
  return {
    seed,
    minutes,
    elapsedMs,
    ovs,
    controllers,
    redis,
    rounds: convergencesMs.length,
    faults: Object.fromEntries(groups(found.blows, ({ kind }) => kind).map(([kind, blows]) => [kind, { struck: blows.filter(({ missed }) => !missed).length, missed: blows.filter(({ missed }) => missed).length }])),
    struckFaults: found.blows.filter(({ missed }) => !missed).length,
    changes: Object.fromEntries(groups(endedOperations(found.entries), ({ kind, outcome }) => `${kind} ${outcome}`).map(([name, operations]) => [name, operations.length])),
    rows,
    direct,
    outages: groups(outages, ({ cause }) => cause.split(' ')[0] ?? '')
      .map(([cause, ofCause]) => ({ cause, outages: ofCause.length, medianMs: median(ofCause.map(({ ms }) => ms)), longestMs: Math.max(...ofCause.map(({ ms }) => ms)) }))
      .toSorted((a, b) => b.longestMs - a.longestMs),
    longestOutages: distinct(outages).slice(0, LONGEST_TOLD).map(outage => ({ ...outage, timeline: timeline(outage.startMs, outage.ms) })),
    observer: { accepted: observer.accepted, tenures: observer.tenures.length, conflicts: observer.conflicts.length, blindMs: observer.blindMs },
    convergence: { boundMs, medianMs: median(convergencesMs), longestMs: Math.max(0, ...convergencesMs), roundsMs: convergencesMs },
    violations: violations.map(violation => ({ ...violation, timeline: timeline(violation.atMs, 0) })),
    kept: null
  }
}

export function renderReport (report: ChaosReport, paint: Paint): readonly string[] {
  const { rows, direct, observer, convergence, violations } = report
  const whole = (count: number) => count.toLocaleString('en-US')
  return [
    paint('strong', `chaos, seed ${report.seed}, Open vSwitch ${report.ovs}, ${report.controllers} controller${report.controllers === 1 ? '' : 's'}, ${report.redis === 0 ? 'embedded store' : `${report.redis} Redis`}: ${duration(report.elapsedMs)}, ${report.rounds} rounds, ${report.struckFaults} faults`),
    '',
    ...table([{ title: 'FAULT', columnsMax: 20 }, { title: 'STRUCK', columnsMax: 7, align: 'right' }, { title: 'MISSED', columnsMax: 7, align: 'right' }],
      Object.entries(report.faults).map(([kind, { struck, missed }]) => [{ text: kind }, { text: String(struck) }, { text: String(missed) }]), paint, '  '),
    '',
    ...table([{ title: 'OUTAGES AFTER', columnsMax: 20 }, { title: 'NUMBER', columnsMax: 7, align: 'right' }, { title: 'MEDIAN', columnsMax: 11, align: 'right' }, { title: 'LONGEST', columnsMax: 11, align: 'right' }],
      report.outages.map(({ cause, outages, medianMs, longestMs }) => [{ text: cause }, { text: String(outages) }, { text: duration(medianMs) }, { text: duration(longestMs) }]), paint, '  '),
    '',
    `  changes      ${Object.entries(report.changes).map(([name, count]) => `${name} ${count}`).join(', ')}`,
    `  rows         ${whole(rows.acked)} acknowledged: ${whole(rows.present)} there, ${whole(rows.rescued)} in rescues, ${whole(rows.told)} within the loss that was told, ${whole(rows.lost)} lost`,
    `  direct       ${whole(direct.attempts)} writes tried at nodes' own addresses, ${whole(direct.accepted)} accepted`,
    `  observer     ${whole(observer.accepted)} writes accepted in ${whole(observer.tenures)} tenures, ${observer.conflicts} conflicts, blind for at most ${duration(observer.blindMs)}`,
    `  converged    after ${duration(convergence.medianMs)} (median), ${duration(convergence.longestMs)} (longest); the bound is ${duration(convergence.boundMs)}`,
    '',
    ...violations.flatMap(({ rule, message, atMs, timeline }) => [paint('bad', `VIOLATION ${rule} at ${new Date(atMs).toISOString()}: ${message}`), ...timeline.map(line => `    ${line}`), '']),
    ...report.kept === null ? [] : [`Logs and databases are in ${report.kept}.`],
    violations.length === 0 ? paint('good', 'No violation.') : paint('bad', `${violations.length} violations.`)
  ]
}

/** The longest first, without those that overlap a longer one. */
function distinct<T extends ClientOutage> (outages: readonly T[]): readonly T[] {
  const found: T[] = []
  for (const outage of outages.toSorted((a, b) => b.ms - a.ms)) {
    if (!found.some(one => one.startMs < outage.startMs + outage.ms && outage.startMs < one.startMs + one.ms)) found.push(outage)
  }
  return found
}

function groups<T> (list: readonly T[], keyOf: (one: T) => string): ReadonlyArray<readonly [string, readonly T[]]> {
  return [...Map.groupBy(list, keyOf)].toSorted(([a], [b]) => a < b ? -1 : 1)
}

function median (numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
