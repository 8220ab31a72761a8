import type { FailoverPreview } from '../../protocol/failover-preview.ts'
import type { Paint } from './style.ts'
import { table } from './table.ts'
import { paragraph } from './wrap.ts'

/** What would be done, what would be lost, and what nobody can know. */
export function renderFailoverPreview ({ cluster, refusal, from, to, why, unknown, candidates }: FailoverPreview, paint: Paint): readonly string[] {
  const [first = '', ...rest] = refusal === null
    ? paragraph(`${cluster}: a failover would promote ${to ?? '?'}${from === null || from === to ? '' : ` after ${from}`}: ${why}`, '', '  ')
    : paragraph(`${cluster}: a failover would be refused (${refusal.code}): ${refusal.message}`, '', '  ')
  return [
    paint(refusal === null ? 'strong' : 'bad', first), ...rest,
    ...(refusal === null ? [] : paragraph(refusal.hint, '  ')),
    ...unknown.flatMap(one => paragraph(`not known: ${one}`, '  ', '    ')),
    '',
    ...table([
      { title: 'CANDIDATE', columnsMax: 16 },
      { title: 'VERDICT', columnsMax: 10 },
      { title: 'CODE', columnsMax: 18 },
      { title: 'POSITION', columnsMax: 14, align: 'right' },
      { title: 'WHY, AND WHAT IT LACKS', columnsMax: 100 }
    ], candidates.map(({ node, verdict, code, position, why: said, lacks }) => [
      { text: node, tone: 'strong' },
      { text: verdict, tone: verdict === 'refused' ? 'warning' : verdict === 'chosen' ? 'good' : 'quiet' },
      { text: code ?? '-' },
      { text: position === null ? '-' : `${position.term}.${position.sequence}` },
      { text: lacks === null ? said : `${said}; it lacks writes: ${lacks}`, ...(lacks === null ? {} : { tone: 'warning' as const }) }
    ]), paint, '  ')
  ]
}
