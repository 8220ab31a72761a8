import type { RescueDiff, RowDifferenceView } from '../../protocol/rescue-replay.ts'
import { differenceTable } from './rescue.ts'
import type { Paint, Tone } from './style.ts'
import { PAGE_COLUMNS, paragraph, printable } from './wrap.ts'

const MARKS: Record<RowDifferenceView['kind'], readonly [string, Tone]> = { missing: ['-', 'bad'], changed: ['~', 'warning'], extra: ['+', 'good'] }
const VALUE_CHARACTERS_MAX = 400

/**
 * Table by table and row by row, as a step from the rescue to the active: `-` rows that the active lacks, `~` rows that
 * differ with both values, `+` rows that only the active has.
 */
export function renderDiff ({ id, database, active, tables, rows, leftOutRows }: RescueDiff, paint: Paint): readonly string[] {
  if (tables.length === 0) return [`${id}: ${active} has every row of it, and no other (${database})`]
  const groups = Map.groupBy(rows, ({ table }) => table)
  return [
    paint('strong', `${id} against ${active} (${database})`),
    ...differenceTable(tables, paint),
    '',
    ...[...groups].flatMap(([table, group]) => [paint('strong', table), ...group.flatMap(row => renderRow(row, paint)), '']),
    ...(leftOutRows === 0 ? [] : paragraph(`${leftOutRows} more rows: narrow it with --table and --kind, or raise --limit (-o json for whole values)`, '')),
    paint('quiet', '- missing in the active, ~ changed, + only in the active')
  ]
}

function renderRow ({ uuid, label, kind, columns }: RowDifferenceView, paint: Paint): readonly string[] {
  const [mark, tone] = MARKS[kind]
  return [
    paint(tone, `${mark} ${uuid}${label === null ? '' : `  ${cut(label, PAGE_COLUMNS - 41)}`}`),
    ...columns.flatMap(({ column, rescue, active }) => kind === 'changed'
      ? [...valueLines(`${column}:`, rescue, '- ', paint, 'bad'), ...valueLines(' '.repeat(column.length + 1), active, '+ ', paint, 'good')]
      : valueLines(`${column}:`, kind === 'missing' ? rescue : active, '', paint, null))
  ]
}

function valueLines (column: string, value: unknown, mark: string, paint: Paint, tone: Tone | null): readonly string[] {
  return paragraph(`${mark}${valueInWords(value)}`, `    ${column} `, '        ').map(line => tone === null ? line : paint(tone, line))
}

/** As people write OVSDB values: `{a=1, b=2}`, `[x, y]`; uuids by their first group. */
export function valueInWords (value: unknown): string {
  return cut(atom(value), VALUE_CHARACTERS_MAX)
}

function atom (value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const [tag, inner] = value as readonly unknown[]
  if (tag === 'uuid') return String(inner).slice(0, 8)
  if (tag === 'set' && Array.isArray(inner)) return `[${inner.map(atom).join(', ')}]`
  if (tag === 'map' && Array.isArray(inner)) return `{${inner.map(pair => Array.isArray(pair) ? `${bare(pair[0])}=${atom(pair[1])}` : '').join(', ')}}`
  return JSON.stringify(value)
}

function bare (value: unknown): string {
  return typeof value === 'string' && /^[\w.:-]+$/.test(value) ? value : atom(value)
}

function cut (text: string, characters: number): string {
  const clean = printable(text)
  return clean.length > characters ? `${clean.slice(0, characters - 1)}…` : clean
}
