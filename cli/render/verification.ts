import type { TableVerdict, Verification, VerifiedPart } from '../../protocol/verify.ts'
import type { Paint, Tone } from './style.ts'
import { table } from './table.ts'
import { paragraph } from './wrap.ts'

const COLUMNS = [
  { title: 'TABLE', columnsMax: 30 },
  { title: 'ACTIVE', align: 'right', columnsMax: 9 },
  { title: 'BACKUP', align: 'right', columnsMax: 9 },
  { title: 'LACKS', align: 'right', columnsMax: 8 },
  { title: 'CHANGED', align: 'right', columnsMax: 8 },
  { title: 'SURPLUS', align: 'right', columnsMax: 8 },
  { title: 'DIFFERS IN', columnsMax: 40 }
] as const

const WORDS: Record<VerifiedPart['state'], readonly [string, Tone]> = {
  waiting: ['waits', 'quiet'],
  running: ['is being compared', 'quiet'],
  same: ['the same', 'good'],
  differs: ['DIFFERS', 'bad'],
  unsettled: ['cannot be told', 'warning'],
  notCompared: ['not compared', 'warning']
}

/** One line: what is being compared now, and how far. */
export function renderProgress ({ active, outcome, parts }: Verification): string {
  const done = parts.filter(({ state }) => state !== 'waiting' && state !== 'running').length
  const now = parts.find(({ state }) => state === 'running')
  if (outcome !== 'running' || now === undefined) return `${done} of ${parts.length} databases compared with ${active}`
  return `${done} of ${parts.length} databases compared with ${active}; ${now.node} ${now.server}: ${now.doneEntries} of ${now.tableEntries} tables`
}

/** What each backup has of each database; the tables that differ, with their rows. */
export function renderVerification ({ cluster, active, outcome, durationMs, parts }: Verification, paint: Paint): readonly string[] {
  const [verdict, tone]: readonly [string, Tone] = outcome === 'same' ? [`every backup has what ${active} has`, 'good'] : outcome === 'differs' ? [`NOT every backup has what ${active} has`, 'bad'] : ['nothing was found to differ, and not everything could be compared', 'warning']
  return [
    `${paint('strong', cluster)}: ${paint(tone, verdict)} (${((durationMs ?? 0) / 1_000).toFixed(1)} s)`,
    ...parts.flatMap(part => renderPart(part, paint))
  ]
}

function renderPart ({ node, server, database, state, problem, tables, longestReadMs }: VerifiedPart, paint: Paint): readonly string[] {
  const [words, tone] = WORDS[state]
  const rows = tables.reduce((sum, { backupRows }) => sum + backupRows, 0)
  const differing = state === 'differs' ? tables.filter(({ lastingRows }) => lastingRows > 0) : []
  const digests = tables.filter(({ activeDigest }) => activeDigest !== null)
  return [
    `${node} ${server} (${database}): ${paint(tone, words)}${tables.length === 0 ? '' : `, ${rows} rows in ${tables.length} tables; the longest table took the active ${longestReadMs.toFixed(0)} ms`}`,
    ...(problem === null ? [] : paragraph(problem, '  ')),
    ...(differing.length === 0 ? [] : table(COLUMNS, differing.map(rowOf), paint, '  ')),
    ...digests.flatMap(one => [`  ${one.table} ${one.activeRows}`, `    active ${one.activeDigest}`, `    backup ${one.backupDigest}`])
  ]
}

function rowOf ({ table: name, activeRows, backupRows, lackingRows, changedRows, surplusRows, columns }: TableVerdict) {
  return [name, activeRows, backupRows, lackingRows, changedRows, surplusRows, columns.join(', ')].map(text => ({ text: String(text) }))
}
