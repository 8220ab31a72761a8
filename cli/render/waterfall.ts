import type { OperationView } from '../../protocol/api.ts'
import { lossInWords } from '../../protocol/loss.ts'
import type { Paint, Tone } from './style.ts'
import { table } from './table.ts'
import { duration, instant } from './time.ts'
import { paragraph } from './wrap.ts'

const BAR_COLUMNS = 36
const OUTCOME_TONES: Record<OperationView['outcome'], Tone> = { running: 'warning', done: 'good', failed: 'bad', undone: 'bad' }
const KIND_WORDS: Record<OperationView['kind'], string> = {
  firstStart: 'first start', coldStart: 'cold start', failover: 'failover', switchover: 'switchover', forcedFailover: 'forced failover'
}

/** `failover n1 -> n2 (term 8), done in 48.2 ms`. */
export function operationTitle ({ kind, from, to, term, outcome, durationMs }: OperationView): string {
  const move = [from, to].every(node => node === null) ? '' : ` ${from ?? 'nobody'} -> ${to ?? 'nobody'}`
  return `${KIND_WORDS[kind]}${move} (term ${term}), ${outcome}${durationMs === null ? '' : ` in ${duration(durationMs)}`}`
}

/** One change of the active: why, how it ended, and every step as a bar on one scale of milliseconds. */
export function renderWaterfall (operation: OperationView, paint: Paint): readonly string[] {
  const { trigger, detail, refused, steps, startedAt, outcome } = operation
  const [title = '', ...more] = paragraph(operationTitle(operation), '', '  ')
  const lines = [paint(OUTCOME_TONES[outcome], title), ...more]
  lines.push(...paragraph(`${instant(startedAt, 'milliseconds')}: ${trigger}`, '  '))
  if (detail !== '') lines.push(...paragraph(detail, '  '))
  for (const { node, code, message } of refused) lines.push(...paragraph(`${node} refused (${code}): ${message}`, '  ', '    '))
  for (const line of lossLines(operation)) lines.push(...paragraph(line, '  ', '    '))
  if (steps.length === 0) return lines

  const endMs = Math.max(operation.durationMs ?? 0, ...steps.map(step => step.endMs), 0.001)
  const rows = steps.toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs).flatMap(step => {
    const row = [
      { text: step.name },
      { text: step.node ?? '-' },
      { text: duration(step.startMs) },
      { text: duration(step.endMs - step.startMs) },
      { text: bar(step.startMs, step.endMs, endMs), tone: step.error === null ? 'good' as const : 'bad' as const }
    ]
    if (step.error === null) return [row]
    return [row, [{ text: '' }, { text: '' }, { text: '' }, { text: '' }, { text: `failed: ${step.error}`, tone: 'bad' as const }]]
  })
  return [...lines, '', ...table([
    { title: 'STEP', columnsMax: 18 },
    { title: 'NODE', columnsMax: 12 },
    { title: 'START', columnsMax: 11, align: 'right' },
    { title: 'TOOK', columnsMax: 11, align: 'right' },
    { title: scale(endMs), columnsMax: BAR_COLUMNS }
  ], rows, paint, '  ')]
}

/** A switchover loses nothing, and says nothing of it. */
function lossLines ({ kind, from, to, outcome, losses }: OperationView): readonly string[] {
  if (losses === undefined || outcome !== 'done' || kind === 'switchover') return []
  if (losses.length === 0) return from !== null && from !== to ? [`lost: not known before ${from} is back and was compared`] : []
  return losses.map(loss => `lost with ${loss.node}, ${lossInWords(loss)}`)
}

/** From start to end on a scale that ends at `totalMs`; a step too short to see is a thin line. */
function bar (startMs: number, endMs: number, totalMs: number): string {
  const column = (ms: number) => Math.round(ms / totalMs * BAR_COLUMNS)
  const from = Math.min(column(startMs), BAR_COLUMNS - 1)
  const length = column(endMs) - from
  return '·'.repeat(from) + (length < 1 ? '▏' : '█'.repeat(Math.min(length, BAR_COLUMNS - from)))
}

function scale (endMs: number): string {
  const end = duration(endMs)
  return `0${'.'.repeat(BAR_COLUMNS - 1 - end.length)}${end}`
}
