// Runs one variant of the model: spin writes a program that searches all its states, gcc compiles it, and it runs to the end
// or to the first state that breaks a rule. The way there is told in words.
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import type { Variant } from './variants.ts'

const MODEL = 'terms-and-leases.pml'
const MEMORY_MAX_MB = 2_000
const DEPTH_MAX = 100_000
const TOOL_DEADLINE_MS = 120_000
const SEARCH_DEADLINE_MS = 600_000

export interface Verdict {
  readonly variant: Variant
  readonly found: 'holds' | 'broken' | 'incomplete'
  readonly states: number
  readonly depth: number
  readonly tookMs: number
  /** How a rule comes to be broken, a step a line; empty when none is. */
  readonly story: readonly string[]
}

export async function search (variant: Variant): Promise<Verdict> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-model-'))
  try {
    await copyFile(path.join(import.meta.dirname, MODEL), path.join(directory, MODEL))
    return await searchIn(directory, variant)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function searchIn (directory: string, variant: Variant): Promise<Verdict> {
  const startMs = performance.now()
  const macros = variant.macros.map(macro => `-D${macro}`)
  const tool = { cwd: directory, stdin: 'ignore', timeout: TOOL_DEADLINE_MS } as const
  await execa('spin', [...macros, '-a', MODEL], tool)
  // what must be found lies near: breadth first finds the shortest way to it
  const order = variant.expected === 'broken' ? ['-O0', '-DBFS'] : ['-O1']
  await execa('gcc', [...order, '-w', '-DSAFETY', '-DNOREDUCE', '-DNOFAIR', '-DNOBOUNDCHECK', `-DMEMLIM=${MEMORY_MAX_MB}`, '-o', 'pan', 'pan.c'], tool)
  const { stdout, timedOut } = await execa(path.join(directory, 'pan'), ['-n', `-m${DEPTH_MAX}`], { ...tool, timeout: SEARCH_DEADLINE_MS, reject: false })
  const found = verdictOf(stdout, timedOut)
  return {
    variant,
    found,
    states: numberIn(stdout, /(\d+) states, stored/),
    depth: numberIn(stdout, /depth reached (\d+)/),
    tookMs: performance.now() - startMs,
    story: found === 'broken' ? await storyOf(directory, macros, stdout) : []
  }
}

/** "Search not completed" is also what spin says when it stopped at a violation: that one comes first. */
function verdictOf (stdout: string, timedOut: boolean): Verdict['found'] {
  if (/assertion violated/.test(stdout)) return 'broken'
  const whole = /errors: 0/.test(stdout) && !/not completed|too small|out of memory|pan:\d+: invalid/i.test(stdout)
  return whole && !timedOut ? 'holds' : 'incomplete'
}

async function storyOf (directory: string, macros: readonly string[], stdout: string): Promise<readonly string[]> {
  const { stdout: replay } = await execa('spin', [...macros, '-t', '-T', MODEL], { cwd: directory, stdin: 'ignore', timeout: TOOL_DEADLINE_MS, reject: false })
  const steps = replay.split('\n').filter(line => line.includes('NOTE ')).map(line => line.replace(/^.*NOTE /, ''))
  return [...steps, `broken: ${ruleOf(/assertion violated (.*?) \(at depth/.exec(stdout)?.[1] ?? 'unknown')}`]
}

/** The assertions of the model, in words. */
function ruleOf (assertion: string): string {
  if (/servedIn/.test(assertion)) return 'the rule that this never happens'
  if (/guardFor>0\).*guardFor>0\)/.test(assertion)) return 'two nodes serve at one instant'
  if (/guardFor>0/.test(assertion)) return 'a node gives its term back and still serves'
  if (/released/.test(assertion)) return 'a node serves in a term that it gave back'
  if (/ordered/.test(assertion)) return 'one term has two holders'
  if (/acceptedBy/.test(assertion)) return 'a holder that just renewed its lease is superseded as lost'
  return assertion
}

function numberIn (text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0)
}

export function inWords ({ variant, found, states, depth, tookMs }: Verdict): string {
  const columns = [found.padEnd(10), String(states).padStart(9), String(depth).padStart(5), `${(tookMs / 1_000).toFixed(1)} s`.padStart(8), variant.rule.padStart(5), variant.name]
  return columns.join('  ')
}

export const HEADING = ['verdict   ', '   states', 'depth', '    time', ' rule', 'variant'].join('  ')
