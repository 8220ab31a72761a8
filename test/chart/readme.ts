// helm/ovsdb-ha/README.md: prose from README.template.md, and a table of all values made of the comments of values.yaml.
import { isMap, isScalar, parseDocument, type Pair } from 'yaml'

export interface ValueRow {
  /** Such as `agent.image.tag`. */
  readonly path: string
  /** As JSON. */
  readonly byDefault: string
  readonly description: string
}

const MARK = '<!-- values -->'

/** A row for each value whose comment begins with "--". A value without one is refused, unless those inside it have theirs. */
export function valueRows (valuesYaml: string): readonly ValueRow[] {
  const { contents } = parseDocument(valuesYaml)
  if (!isMap(contents)) throw new Error('values.yaml is no map')
  return contents.items.flatMap((pair, index) => rowsOf(pair as Pair, '', index === 0 ? contents.commentBefore : undefined))
}

function rowsOf (pair: Pair, prefix: string, inherited: string | null | undefined): readonly ValueRow[] {
  if (!isScalar(pair.key)) throw new Error(`values.yaml: a key of ${prefix} is no text`)
  const path = `${prefix}${String(pair.key.value)}`
  const { value } = pair
  // the parser gives the comment before a map's first key to the map
  const description = descriptionOf(pair.key.commentBefore) ?? descriptionOf(inherited)
  if (description !== null) return [{ path, byDefault: JSON.stringify(plain(value)), description }]
  if (!isMap(value) || value.items.length === 0) throw new Error(`values.yaml: ${path} has no comment that begins with "--"`)
  return value.items.flatMap((inner, index) => rowsOf(inner as Pair, `${path}.`, index === 0 ? value.commentBefore : undefined))
}

function plain (value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
}

function descriptionOf (comment: string | null | undefined): string | null {
  const [, text] = /(?:^|\n) -- ([\s\S]+)$/.exec(comment ?? '') ?? []
  return text === undefined ? null : text.replaceAll(/\n ?/g, ' ').trim()
}

export function renderReadme (template: string, valuesYaml: string): string {
  if (template.split(MARK).length !== 2) throw new Error(`README.template.md must have ${MARK} exactly once`)
  const rows = valueRows(valuesYaml).map(({ path, byDefault, description }) => `| \`${path}\` | \`${byDefault.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')} |`)
  const table = ['| value | default | what it is |', '| --- | --- | --- |', ...rows].join('\n')
  return template.replace(MARK, () => table)
}
