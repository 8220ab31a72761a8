// Where a mutant was found the last time: looked at first, so that the test run does not search again for what it knows.
// A seed that finds it no longer costs one run; the whole hunt follows. Renewed by `npm run sim -- --mutants --remember`.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Verdict } from './hunt.ts'

const FILE = path.join(import.meta.dirname, 'found-by.json')

/** Mutant -> seed. */
export function readFoundBy (): Readonly<Record<string, number>> {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, number>
}

export async function rememberFoundBy (verdicts: readonly Verdict[]): Promise<void> {
  const found = verdicts.flatMap(({ mutant, killedBySeed }) => killedBySeed === null ? [] : [[mutant.name, killedBySeed] as const])
  await writeFile(FILE, `${JSON.stringify(Object.fromEntries(found), null, 2)}\n`)
}
