import { OvsdbHaError } from './errors.ts'

/** Where a value is in the file: keys and list indices from the top. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with the file (a problem), or that it means and its author may not know (a warning). */
export interface ConfigProblem {
  readonly file: string
  /** `clusters[0].servers[1].listen.port`; empty for the file as a whole. */
  readonly path: string
  /** As it is written; undefined when it is missing. */
  readonly value: unknown
  readonly message: string
  readonly allowed?: string
  /** The known key, name or value that is most like the one written. */
  readonly nearest?: string
  readonly line?: number
  readonly column?: number
}

export function formatPath (path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (!/^[\w-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

const SHOWN_MAX = 80

function show (value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
}

/** One problem for people: place, what is wrong, then value, what is allowed, and the nearest known word, a line each. */
export function formatProblem (problem: ConfigProblem): string {
  const place = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':')
  const lines = [`${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`]
  if (problem.value !== undefined) lines.push(`    value:        ${show(problem.value)}`)
  if (problem.allowed !== undefined) lines.push(`    allowed:      ${problem.allowed}`)
  if (problem.nearest !== undefined) lines.push(`    did you mean: ${problem.nearest}`)
  return lines.join('\n')
}

/** The configuration is refused: nothing was started. The message holds every problem. */
export class ConfigError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONFIG_INVALID'
  readonly httpStatus = 500
  readonly hint = 'Correct the file; `ovsdb-ha config check FILE` shows all problems without starting anything.'
  readonly problems: readonly ConfigProblem[]

  constructor (problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super(`the configuration has ${count}:\n${problems.map(formatProblem).join('\n')}`)
    this.problems = problems
  }
}
