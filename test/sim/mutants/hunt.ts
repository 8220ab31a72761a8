import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { runShare } from '../campaign.ts'
import type { Mutant } from './mutants.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
/** All that a run needs. */
const SOURCES = ['package.json', 'protocol', 'agent/core', 'agent/server.ts', 'controller/core', 'test/sim']
const HUNT_MAX_MS = 240_000

export interface Verdict {
  readonly mutant: Mutant
  /** Null: it survived. */
  readonly killedBySeed: number | null
  readonly violation: string | null
  readonly runs: number
}

/** Each mutant in a copy of its own, until a seed finds it or `runs` are over. */
export async function hunt (mutants: readonly Mutant[], runs: number): Promise<readonly Verdict[]> {
  const left = [...mutants]
  const verdicts: Verdict[] = []
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) verdicts.push(await huntOne(mutant, runs))
  }))
  return mutants.flatMap(mutant => verdicts.filter(verdict => verdict.mutant === mutant))
}

async function huntOne (mutant: Mutant, runs: number): Promise<Verdict> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-mutant-'))
  try {
    for (const source of SOURCES) await cp(path.join(ROOT, source), path.join(directory, source), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'))
    for (const change of mutant.changes) await apply(directory, mutant, change)
    const summary = await runShare(path.join(directory, 'test/sim'), { firstSeed: 1, stride: 1, runs, mode: mutant.mode ?? 'quick', deadlineMs: HUNT_MAX_MS, stopAtFirst: true })
    const [broken] = summary.broken
    return { mutant, killedBySeed: broken?.seed ?? null, violation: broken?.violations[0] ?? null, runs: summary.runs }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A text that is not there exactly once would mutate nothing, or something else. */
async function apply (directory: string, mutant: Mutant, { file, text, replacement }: Mutant['changes'][number]): Promise<void> {
  const target = path.join(directory, file)
  const source = await readFile(target, 'utf8')
  const found = source.split(text).length - 1
  if (found !== 1) throw new Error(`the mutant "${mutant.name}" wants to change a text that is ${found} times in ${file}: ${text}`)
  await writeFile(target, source.replace(text, () => replacement))
}
