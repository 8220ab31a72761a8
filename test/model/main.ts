// npm run model -- [--only TEXT] [--story] [--deep]: searches every variant whose name contains the text, and prints a table;
// with --deep the two that take minutes, and nothing else.
import { parseArgs } from 'node:util'
import { HEADING, inWords, search } from './spin.ts'
import { DEEP, MUTANTS, POSSIBLE, RULES } from './variants.ts'

async function main (): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, story: { type: 'boolean', default: false }, deep: { type: 'boolean', default: false } } })
  const standard = [['the code as it is', RULES], ['what must be possible (broken: it is)', POSSIBLE], ['mutants (broken: killed)', MUTANTS]] as const
  const groups = values.deep ? [['the code as it is, deeper', DEEP]] as const : standard
  let unexpected = 0
  for (const [title, variants] of groups) {
    const chosen = variants.filter(({ name }) => name.includes(values.only))
    if (chosen.length > 0) console.log(`\n${title}\n${HEADING}`)
    for (const variant of chosen) {
      const verdict = await search(variant)
      const isExpected = verdict.found === variant.expected
      if (!isExpected) unexpected++
      console.log(`${inWords(verdict)}${isExpected ? '' : '  UNEXPECTED'}`)
      if (values.story || !isExpected) for (const line of verdict.story) console.log(`    ${line}`)
    }
  }
  process.exitCode = unexpected === 0 ? 0 : 1
}

await main()
