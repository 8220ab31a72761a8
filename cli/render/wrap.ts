/** Width of every page, in columns. */
export const PAGE_COLUMNS = 100

/** Breaks text at spaces into lines of at most `columns`; a longer word is cut. Control characters, which come from other hosts, are taken out. */
export function wrap (text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(/ +/)) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length > columns) {
      lines.push(line)
      line = ''
    }
    while (rest.length > columns) {
      lines.push(rest.slice(0, columns))
      rest = rest.slice(columns)
    }
    line = line === '' ? rest : `${line} ${rest}`
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line]
}

export function printable (text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
}

/** A paragraph whose lines after the first are indented under it. */
export function paragraph (text: string, indent: string, hanging = indent): readonly string[] {
  return wrap(text, PAGE_COLUMNS - Math.max(indent.length, hanging.length)).map((line, index) => (index === 0 ? indent : hanging) + line)
}
