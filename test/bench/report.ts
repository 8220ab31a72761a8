import type { Paint } from '../../cli/render/style.ts'
import { table } from '../../cli/render/table.ts'
import { duration } from '../../cli/render/time.ts'
import type { BenchEvent } from './events.ts'
import type { Measurement } from './measure.ts'

export interface BenchReport {
  readonly bench: string
  readonly ovs: string
  readonly processors: number
  readonly architecture: string
  /** Node.js that ran the product. */
  readonly node: string
  readonly events: ReadonlyArray<{ readonly event: BenchEvent, readonly measurements: readonly Measurement[] }>
}

/** One event's step over all runs; `where` is the old active, the new one, or nobody's (a majority's). */
interface StepMedian {
  readonly name: string
  readonly where: 'old' | 'new' | '-'
  readonly startMs: number
  readonly tookMs: number
}

export function renderReport ({ bench, ovs, processors, architecture, node, events }: BenchReport, paint: Paint): readonly string[] {
  return [
    paint('strong', `${bench}, Open vSwitch ${ovs}, ${processors} processors (${architecture}), Node.js ${node}`),
    'Outage: the longest time between two acknowledged writes of a client around the event.',
    '',
    ...table([
      { title: 'EVENT', columnsMax: 20 },
      { title: 'RUNS', columnsMax: 5, align: 'right' },
      { title: 'OUTAGE MIN', columnsMax: 11, align: 'right' },
      { title: 'MEDIAN', columnsMax: 11, align: 'right' },
      { title: 'MAX', columnsMax: 11, align: 'right' },
      { title: 'ACKNOWLEDGED', columnsMax: 12, align: 'right' },
      { title: 'LOST', columnsMax: 10 }
    ], events.map(({ event, measurements }) => {
      const outages = measurements.map(one => one.outageMs)
      const lost = sum(measurements.map(one => one.lostWrites))
      return [
        { text: event, tone: 'strong' as const },
        { text: String(measurements.length) },
        { text: duration(Math.min(...outages)) },
        { text: duration(median(outages)), tone: 'strong' as const },
        { text: duration(Math.max(...outages)) },
        { text: String(sum(measurements.map(one => one.ackedWrites))) },
        { text: String(lost), tone: lost === 0 ? 'good' as const : 'bad' as const }
      ]
    }), paint, '  '),
    ...events.flatMap(({ event, measurements }) => ['', ...renderSteps(event, measurements, paint)])
  ]
}

function renderSteps (event: string, measurements: readonly Measurement[], paint: Paint): readonly string[] {
  const middle = (of: (one: Measurement) => number) => median(measurements.map(of))
  const row = (name: string, where: string, startMs: number, tookMs: number) => [{ text: name }, { text: where }, { text: duration(startMs) }, { text: duration(tookMs) }]
  const noticedMs = middle(one => one.noticedMs)
  const changeMs = middle(one => one.changeMs)
  return [
    `${paint('strong', event)}, medians; the start counts from the event:`,
    ...table([
      { title: 'STEP', columnsMax: 30 },
      { title: 'NODE', columnsMax: 5 },
      { title: 'START', columnsMax: 11, align: 'right' },
      { title: 'TOOK', columnsMax: 11 }
    ], [
      row('until the change began', '-', 0, noticedMs),
      ...stepMedians(measurements).map(step => row(step.name, step.where, noticedMs + step.startMs, step.tookMs)),
      row('the whole change', '-', noticedMs, changeMs),
      row('until the client wrote', '-', noticedMs + changeMs, middle(one => one.clientMs))
    ], paint, '  ')
  ]
}

/** In the order in which they began. A step that a run has twice counts by its last: what it did in the end. */
export function stepMedians (measurements: readonly Measurement[]): readonly StepMedian[] {
  const byKey = new Map<string, { name: string, where: StepMedian['where'], starts: number[], tooks: number[] }>()
  for (const { steps, from, to } of measurements) {
    for (const { name, node, startMs, endMs } of steps) {
      const where = node === from ? 'old' : node === to ? 'new' : '-'
      const plain = name.replace(/^take term \d+$/, 'take term')
      const key = `${plain} ${where}`
      const step = byKey.get(key) ?? { name: plain, where, starts: [], tooks: [] }
      byKey.set(key, step)
      step.starts.push(startMs)
      step.tooks.push(endMs - startMs)
    }
  }
  return [...byKey.values()].map(({ name, where, starts, tooks }) => ({ name, where, startMs: median(starts), tookMs: median(tooks) }))
    .toSorted((x, y) => x.startMs - y.startMs || x.tookMs - y.tookMs)
}

/** Of an even number the mean of the two in the middle. */
export function median (numbers: readonly number[]): number {
  const sorted = numbers.toSorted((x, y) => x - y)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1)
  return (low + high) / 2
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
