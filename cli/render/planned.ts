import type { PlannedSwitchover, SwitchoverPreview } from '../../protocol/planned.ts'
import type { Paint } from './style.ts'
import { table } from './table.ts'
import { duration, instant } from './time.ts'
import { paragraph } from './wrap.ts'

export function plannedInWords ({ id, at, to, by, withinMs, reason, begunAt }: PlannedSwitchover): string {
  const when = begunAt === null ? `at ${instant(at)} (at most ${duration(withinMs)} late)` : `of ${instant(at)}, begun at ${instant(begunAt)}`
  return `switchover ${id} ${when} to ${to ?? 'the best candidate'}, planned by ${by}${reason === '' ? '' : `: ${reason}`}`
}

/** What would be done, whom it would promote, and why not the others. */
export function renderPreview (preview: SwitchoverPreview, paint: Paint): readonly string[] {
  const { cluster, refusal, from, to, why, candidates, steps, outage } = preview
  const head = refusal === null
    ? paragraph(`${cluster}: a switchover would move the service from ${from ?? '?'} to ${to ?? '?'}: ${why}`, '', '  ')
    : paragraph(`${cluster}: a switchover would be refused (${refusal.code}): ${refusal.message}`, '', '  ')
  return [
    paint(refusal === null ? 'good' : 'bad', head[0] ?? ''), ...head.slice(1),
    ...(refusal === null ? [] : paragraph(refusal.hint, '  ')),
    ...steps.flatMap((step, index) => paragraph(`${index + 1}. ${step}`, '  ', '     ')),
    ...(refusal === null ? paragraph(outageInWords(outage), '  ') : []),
    '',
    ...table([
      { title: 'CANDIDATE', columnsMax: 16 },
      { title: 'VERDICT', columnsMax: 10 },
      { title: 'CODE', columnsMax: 18 },
      { title: 'LAG', columnsMax: 8, align: 'right' },
      { title: 'WHY', columnsMax: 100 }
    ], candidates.map(({ node, verdict, code, lagHeartbeats, why: said }) => [
      { text: node, tone: 'strong' }, { text: verdict, tone: verdict === 'refused' ? 'warning' : verdict === 'chosen' ? 'good' : 'quiet' }, { text: code ?? '-' }, { text: lagHeartbeats === null ? '-' : String(lagHeartbeats) }, { text: said }
    ]), paint, '  ')
  ]
}

function outageInWords ({ measuredAttempts, medianMs, maxMs, undoneAfterMs }: SwitchoverPreview['outage']): string {
  const before = measuredAttempts === 0 || medianMs === null || maxMs === null
    ? 'how long clients would wait is not known: the history has no switchover of this cluster'
    : `clients would wait about ${duration(medianMs)}, as in the last ${measuredAttempts} switchovers (at most ${duration(maxMs)})`
  return `outage: ${before}; one that is undone ends within ${duration(undoneAfterMs)} or so`
}
