import type { Verdict } from './hunt.ts'

const VIOLATION_SHOWN_LENGTH = 100

/** Rule, mutant, what found it: one line each, sorted by rule; then how many mutants each rule has. */
export function mutantTable (verdicts: readonly Verdict[]): string {
  const sorted = verdicts.toSorted((a, b) => ruleNumber(a) - ruleNumber(b))
  const nameLength = Math.max(...sorted.map(({ mutant }) => mutant.name.length), 'mutant'.length)
  const row = (rule: string, name: string, seed: string, runs: string, found: string): string =>
    `${rule.padEnd(4)} ${name.padEnd(nameLength)} ${seed.padStart(8)} ${runs.padStart(5)}  ${found}`
  const lines = sorted.map(({ mutant, killedBySeed, runs, violation }) => killedBySeed === null
    ? row(mutant.rule, mutant.name, 'SURVIVED', String(runs), '')
    : row(mutant.rule, mutant.name, String(killedBySeed), String(runs), (violation ?? '').slice(0, VIOLATION_SHOWN_LENGTH)))
  const killed = verdicts.filter(({ killedBySeed }) => killedBySeed !== null).length
  const rules = [...new Set(sorted.map(({ mutant }) => mutant.rule))]
  const perRule = rules.map(rule => `${rule} ${sorted.filter(({ mutant }) => mutant.rule === rule).length}`)
  return [row('rule', 'mutant', 'seed', 'runs', 'violation'), ...lines, '', `${killed} of ${verdicts.length} mutants killed; per rule: ${perRule.join(', ')}`].join('\n')
}

function ruleNumber ({ mutant }: Verdict): number {
  return Number(mutant.rule.slice(1))
}
