import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { runShare } from '../campaign.ts'
import { EMPTY_SUMMARY } from '../summary.ts'
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

/**
 * Each mutant in a copy of its own, until one of the seeds 1 to `runs` finds it. `foundBy` names the seed that is tried
 * first (mutant -> seed), when it is one of them.
 */
export async function hunt (mutants: readonly Mutant[], runs: number, foundBy: Readonly<Record<string, number>> = {}): Promise<readonly Verdict[]> {
  const left = [...mutants]
  const verdicts: Verdict[] = []
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) verdicts.push(await huntOne(mutant, runs, foundBy[mutant.name] ?? 1))
  }))
  return mutants.flatMap(mutant => verdicts.filter(verdict => verdict.mutant === mutant))
}

async function huntOne (mutant: Mutant, runs: number, firstLook: number): Promise<Verdict> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-mutant-'))
  try {
    for (const source of SOURCES) await cp(path.join(ROOT, source), path.join(directory, source), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'))
    for (const change of mutant.changes) await apply(directory, mutant, change)
    const look = (firstSeed: number, count: number) => runShare(path.join(directory, 'test/sim'), { firstSeed, stride: 1, runs: count, mode: mutant.mode ?? 'quick', deadlineMs: HUNT_MAX_MS, stopAtFirst: true })
    let summary = firstLook > 1 && firstLook <= runs ? await look(firstLook, 1) : EMPTY_SUMMARY
    if (summary.broken.length === 0) summary = await look(1, runs)
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
