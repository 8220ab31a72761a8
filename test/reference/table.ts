/** A cell of a Markdown table: one line, no column of its own. */
export function cell (text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|').trim()
}

export function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n')
}

export const code = (text: string) => text === '' ? '' : `\`${text}\``
