import assert from 'node:assert/strict'
import test from 'node:test'
import { createPaint } from '../../../../cli/render/style.ts'
import { PAGE_COLUMNS } from '../../../../cli/render/wrap.ts'
import type { Measurement } from '../../../bench/measure.ts'
import { median, renderReport, stepMedians } from '../../../bench/report.ts'

const step = (name: string, node: string | null, startMs: number, endMs: number) => ({ name, node, startMs, endMs, error: null })

function measurement (outageMs: number, steps: Measurement['steps'], more: Partial<Measurement> = {}): Measurement {
  return { from: 'a', to: 'b', outageMs, ackedWrites: 200, lostWrites: 0, noticedMs: 10, changeMs: 50, clientMs: 1, steps, ...more }
}

test('the median of an even number of runs is the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 4]), 4.5)
  assert.equal(median([7]), 7)
})

test('steps of many runs are one step by name and by whose they are, whichever node was active and whatever the term', () => {
  const medians = stepMedians([
    measurement(1, [step('take term 2', null, 0, 4), step('guard', 'a', 1, 3), step('guard', 'b', 5, 9)]),
    measurement(1, [step('take term 3', null, 0, 6), step('guard', 'b', 1, 5), step('guard', 'c', 5, 7)], { from: 'b', to: 'c' })
  ])
  assert.deepEqual(medians, [
    { name: 'take term', where: '-', startMs: 0, tookMs: 5 },
    { name: 'guard', where: 'old', startMs: 1, tookMs: 3 },
    { name: 'guard', where: 'new', startMs: 5, tookMs: 3 }
  ])
})

test('a report gives minimum, median and maximum of the outage and counts what was lost, within the page', () => {
  const measurements = [80, 120, 90].map((outageMs, run) => measurement(outageMs, [step('promote nb', 'b', 5, 9)], { lostWrites: run === 1 ? 2 : 0 }))
  const lines = renderReport({ bench: 'failover', ovs: '3.1', processors: 2, architecture: 'x64', node: 'v24.21.0', events: [{ event: 'server crash', measurements }] }, createPaint(false))
  const text = lines.join('\n')
  assert.match(text, /server crash +3 +80\.0 ms +90\.0 ms +120\.0 ms +600 +2/)
  assert.match(text, /promote nb +new +15\.0 ms +4\.0 ms/)
  assert.match(text, /until the client wrote +- +60\.0 ms +1\.0 ms/)
  assert.ok(lines.every(line => line.length <= PAGE_COLUMNS))
})
