// Golden pages: text files that a person reviews. UPDATE_GOLDEN=1 rewrites them; look at the difference before you keep it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { createPaint, type Paint } from '../../../cli/render/style.ts'
import { PAGE_COLUMNS } from '../../../cli/render/wrap.ts'

/** The page equals its golden text, fits the page, and says the same with colour as without. */
export async function assertGolden (name: string, render: (paint: Paint) => readonly string[]): Promise<void> {
  const lines = render(createPaint(false))
  const text = `${lines.join('\n')}\n`
  const file = join(import.meta.dirname, 'golden', `${name}.txt`)
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, text)
  assert.equal(text, await readFile(file, 'utf8'))
  for (const line of lines) assert.ok(line.length <= PAGE_COLUMNS, `${line.length} columns: ${line}`)
  const coloured = render(createPaint(true))
  assert.notDeepEqual(coloured, lines, 'colour is used where it is wanted')
  assert.deepEqual(coloured.map(line => stripVTControlCharacters(line)), lines)
}
