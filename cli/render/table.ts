import type { Paint, Tone } from './style.ts'
import { PAGE_COLUMNS, printable, wrap } from './wrap.ts'

export interface Cell {
  readonly text: string
  readonly tone?: Tone
}

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Longer texts are cut with an ellipsis. */
  readonly columnsMax: number
}

const GAP = '  '

/**
 * A table within PAGE_COLUMNS: each column as wide as its content up to its limit, and the last one wrapped into what is
 * left. Widths are counted before colour is put on.
 */
export function table (columns: readonly Column[], rows: ReadonlyArray<readonly Cell[]>, paint: Paint, indent = ''): readonly string[] {
  const fixed = columns.slice(0, -1).map((column, index) =>
    Math.min(column.columnsMax, Math.max(column.title.length, ...rows.map(row => printable(row[index]?.text ?? '').length))))
  const last = PAGE_COLUMNS - indent.length - fixed.reduce((sum, width) => sum + width + GAP.length, 0)
  const titles = columns.map(column => ({ text: column.title, tone: 'quiet' as const }))
  return [titles, ...rows].flatMap(row => renderRow(row))

  function renderRow (row: readonly Cell[]): readonly string[] {
    const { text = '', tone } = row.at(-1) ?? {}
    return wrap(text, last).map((part, line) => {
      const before = fixed.map((width, index) => line === 0 ? fit(row[index], width, columns[index]?.align ?? 'left', paint) : ' '.repeat(width))
      return (indent + [...before, tone === undefined ? part : paint(tone, part)].join(GAP)).trimEnd()
    })
  }
}

function fit (cell: Cell | undefined, width: number, align: 'left' | 'right', paint: Paint): string {
  const { text = '', tone } = cell ?? {}
  const clean = printable(text)
  const cut = clean.length > width ? `${clean.slice(0, width - 1)}…` : clean
  const padding = ' '.repeat(width - cut.length)
  const painted = tone === undefined ? cut : paint(tone, cut)
  return align === 'left' ? painted + padding : padding + painted
}
