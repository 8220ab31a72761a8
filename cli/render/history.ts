import type { HistoryEntry } from '../../protocol/api.ts'
import type { Paint, Tone } from './style.ts'
import { table } from './table.ts'
import { instant } from './time.ts'
import { renderWaterfall } from './waterfall.ts'
import { paragraph } from './wrap.ts'

const SEVERITY_TONES: Record<HistoryEntry['severity'], Tone | null> = { info: null, warning: 'warning', critical: 'bad' }

/** Newest first, one row per entry. */
export function renderHistory (entries: readonly HistoryEntry[], paint: Paint): readonly string[] {
  if (entries.length === 0) return ['no history yet']
  return table([
    { title: 'ID', columnsMax: 10, align: 'right' },
    { title: 'WHEN', columnsMax: 23 },
    { title: 'CLUSTER', columnsMax: 14 },
    { title: 'NODE', columnsMax: 12 },
    { title: 'WHAT HAPPENED', columnsMax: 100 }
  ], entries.map(({ id, at, cluster, node, severity, message }) => {
    const tone = SEVERITY_TONES[severity]
    return [
      { text: String(id) },
      { text: instant(at) },
      { text: cluster },
      { text: node ?? '-' },
      { text: severity === 'info' ? message : `${severity}: ${message}`, ...(tone === null ? {} : { tone }) }
    ]
  }), paint)
}

/** One entry with its facts, and the waterfall when it is a change of the active. */
export function renderEntry (entry: HistoryEntry, paint: Paint): readonly string[] {
  const { id, at, cluster, node, kind, severity, message, facts, operation } = entry
  const lines = [...paragraph(`${id}  ${instant(at, 'milliseconds')}  ${cluster}${node === null ? '' : ` ${node}`}  ${kind} (${severity})`, ''), ...paragraph(message, '  ')]
  for (const [name, value] of Object.entries(facts)) lines.push(...paragraph(`${name}: ${String(value)}`, '  ', '    '))
  if (entry.explanation !== undefined) lines.push(...paragraph(`why: ovsdb-ha explain ${cluster} --at ${id}`, '  '))
  return operation === undefined ? lines : [...lines, '', ...renderWaterfall(operation, paint)]
}
