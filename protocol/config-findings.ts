import type { Config } from './cluster.ts'
import { formatPath, type ConfigProblem, type Path } from './config-errors.ts'
import type { Draft } from './config-resolve.ts'
import type { Place } from './config-yaml.ts'

interface Detail {
  /** What counts where nothing is written: a default, or what follows from other keys. */
  readonly value?: unknown
  readonly allowed?: string | undefined
  readonly nearest?: string | undefined
}

/** What a check of several values sees, and where it tells what it found. */
export interface Findings {
  readonly draft: Draft<Config>
  /** The value as it is written; undefined when it is absent. */
  written (path: Path): unknown
  problem (path: Path, message: string, detail?: Detail): void
  warning (path: Path, message: string, detail?: Detail): void
}

export interface FindingsSource {
  readonly file: string
  readonly value: unknown
  readonly draft: Draft<Config>
  readonly place: (path: Path) => Place | undefined
}

export function createFindings ({ file, value, draft, place }: FindingsSource) {
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []

  function written (path: Path): unknown {
    return path.reduce<unknown>((inner, step) => typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step) ? (inner as Record<string | number, unknown>)[step] : undefined, value)
  }

  function add (list: ConfigProblem[], path: Path, message: string, detail: Detail = {}): void {
    list.push({
      file,
      path: formatPath(path),
      value: written(path) ?? detail.value,
      message,
      ...(detail.allowed === undefined ? {} : { allowed: detail.allowed }),
      ...(detail.nearest === undefined ? {} : { nearest: detail.nearest }),
      ...place(path)
    })
  }

  const findings: Findings = {
    draft,
    written,
    problem: (path, message, detail) => add(problems, path, message, detail),
    warning: (path, message, detail) => add(warnings, path, message, detail)
  }
  return { findings, problems, warnings }
}

interface Claim {
  readonly path: Path
  readonly key: string | undefined
}

/** One problem for each claim whose key an earlier one has too; the message is made from the earlier one's path. */
export function refuseDuplicates (findings: Findings, claims: readonly Claim[], message: (firstPath: string) => string): void {
  const first = new Map<string, Path>()
  for (const { path, key } of claims) {
    if (key === undefined) continue
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, path)
    else findings.problem(path, message(formatPath(earlier)), { value: key })
  }
}
