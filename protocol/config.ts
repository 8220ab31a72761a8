// cluster.yaml, from text to the shapes of cluster.ts, or to everything that is wrong with it. Pure: who reads the file
// is the caller's business. The way: text -> values with places (config-yaml) -> shapes (config-shape, config-schema)
// -> defaults and units (config-resolve) -> what must fit together (config-check).
import type { Config } from './cluster.ts'
import { checkConfig } from './config-check.ts'
import { ConfigError, formatPath, type ConfigProblem } from './config-errors.ts'
import { createFindings } from './config-findings.ts'
import { resolveDraft, type Draft } from './config-resolve.ts'
import { shapeProblems } from './config-shape.ts'
import { readYaml } from './config-yaml.ts'
import { invariant } from './invariant.ts'

export type ParsedConfig =
  | { readonly config: Config, readonly problems?: never, readonly warnings: readonly ConfigProblem[] }
  | { readonly config?: never, readonly problems: readonly ConfigProblem[], readonly warnings: readonly ConfigProblem[] }

/** All problems at once, in the order of the file. Warnings are no errors: the file is sound, and means what they say. */
export function parseConfig (text: string, fileName: string): ParsedConfig {
  const yaml = readYaml(text, fileName)
  if (yaml.value === undefined) return { problems: yaml.problems, warnings: [] }
  const shape = shapeProblems(yaml.value)
  const draft = resolveDraft(yaml.value, shape.map(problem => problem.path))
  const { findings, problems: unfit, warnings } = createFindings({ file: fileName, value: yaml.value, draft, place: yaml.place })
  checkConfig(findings)
  const misshapen = shape.map((problem): ConfigProblem => ({ file: fileName, ...problem, path: formatPath(problem.path), ...yaml.place(problem.path) }))
  const problems = inOrder([...yaml.problems, ...misshapen, ...unfit])
  if (problems.length > 0) return { problems, warnings: inOrder(warnings) }
  invariant(isComplete(draft), 'a configuration without problems is complete')
  return { config: draft, warnings: inOrder(warnings) }
}

/** As parseConfig, for the programs that cannot go on without it: throws ConfigError with every problem. */
export function requireConfig (text: string, fileName: string): { readonly config: Config, readonly warnings: readonly ConfigProblem[] } {
  const parsed = parseConfig(text, fileName)
  if (parsed.problems !== undefined) throw new ConfigError(parsed.problems)
  return parsed
}

function inOrder (problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

/** A draft in which nothing is missing is a configuration: the two differ in nothing else. */
function isComplete (draft: Draft<Config>): draft is Config {
  const whole = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return value !== undefined && !Number.isNaN(value)
    return Object.values(value).every(whole)
  }
  return whole(draft)
}
