import { restoredInWords, type RestoredTable, type RestoreReply } from '../../protocol/restore.ts'
import type { Paint, Tone } from './style.ts'
import { table } from './table.ts'
import { paragraph } from './wrap.ts'

const COLUMNS = [
  { title: 'TABLE', columnsMax: 40 },
  { title: 'COME BACK', align: 'right', columnsMax: 10 },
  { title: 'CHANGE', align: 'right', columnsMax: 10 },
  { title: 'VANISH', columnsMax: 10 }
] as const

const WORDS: Record<RestoreReply['databases'][number]['state'], readonly [string, Tone]> = {
  planned: ['would be overwritten', 'warning'],
  restored: ['restored', 'good'],
  same: ['is as in the snapshot', 'good'],
  failed: ['NOT restored', 'bad'],
  left: ['left as it was', 'warning']
}

/** What each database loses and gets back; then how to undo it, or to go on. */
export function renderRestore ({ snapshot, active, takenAt, databases, before, backups }: RestoreReply, paint: Paint): readonly string[] {
  const failed = databases.some(({ state }) => state === 'failed')
  return [
    `${paint('strong', snapshot)} (of ${takenAt}) on ${active}`,
    ...databases.flatMap(({ server, database, state, problem, tables }) => {
      const [words, tone] = WORDS[state]
      return [
        `${server} (${database}): ${paint(tone, words)}${tables.length === 0 ? '' : `: ${restoredInWords(tables)}`}`,
        ...(problem === null ? [] : paragraph(problem, '  ')),
        ...(tables.length === 0 ? [] : table(COLUMNS, tables.map(rowOf), paint, '  '))
      ]
    }),
    ...(before === null ? [] : [`what was there before is kept as ${before}: restore it to undo this`]),
    ...(failed ? ['restore it again to go on: what is restored is not done twice'] : []),
    ...(backups === null ? [] : paragraph(`backups, compared with ${active}: ${backups}`, ''))
  ]
}

function rowOf ({ table: name, comingRows, changedRows, vanishingRows }: RestoredTable) {
  return [name, comingRows, changedRows, vanishingRows].map(text => ({ text: String(text) }))
}
