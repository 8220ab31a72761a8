// YAML text to plain values, with the line of every value, and with every fault of the text as a problem.
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import { formatPath, type ConfigProblem, type Path } from './config-errors.ts'

export interface Place {
  readonly line: number
  readonly column: number
}

export interface YamlReading {
  /** Undefined when the text is so broken that its values mean nothing. */
  readonly value: unknown
  readonly problems: readonly ConfigProblem[]
  /** Where the value at this path, or its nearest parent, is written. */
  place (path: Path): Place | undefined
}

/** Far above any real file, and small enough that a wrong file cannot exhaust memory. */
const TEXT_MAX_CHARACTERS = 1_048_576
/** Faults after these are mostly consequences of the first. */
const FAULTS_MAX = 20
const ALIASES_MAX = 100

export function readYaml (text: string, file: string): YamlReading {
  const unreadable = (message: string, at: Partial<Place> = {}): YamlReading =>
    ({ value: undefined, problems: [{ file, path: '', value: undefined, message, ...at }], place: () => undefined })
  if (text.length > TEXT_MAX_CHARACTERS) return unreadable(`is longer than ${TEXT_MAX_CHARACTERS} characters`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }

  const faults = [...document.errors, ...document.warnings]
  const problems = faults.slice(0, FAULTS_MAX).map((fault): ConfigProblem => {
    const path = fault.code === 'DUPLICATE_KEY' ? pathOfKey(document.contents, fault.pos[0]) : undefined
    const written = path?.at(-1)
    return written === undefined
      ? { file, path: '', value: undefined, message: `not readable as YAML: ${firstLower(fault.message)}`, ...placeAt(fault.pos[0]) }
      : { file, path: formatPath(path ?? []), value: undefined, message: `key ${JSON.stringify(written)} is written twice`, ...placeAt(fault.pos[0]) }
  })
  const broken = document.errors.some(error => error.code !== 'DUPLICATE_KEY')
  const place = (path: Path) => placeOf(document.contents, path, placeAt)
  if (broken) return { value: undefined, problems, place }
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    return isEndless(value) ? unreadable('not readable as YAML: an alias stands inside its own anchor') : { value, problems, place }
  } catch (cause) {
    // an alias without its anchor, or one that multiplies without end
    return unreadable(`not readable as YAML: ${firstLower(firstLine(cause instanceof Error ? cause.message : String(cause)))}`)
  }
}

/** Whether a mapping or list contains itself. */
function isEndless (value: unknown, around: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false
  return around.includes(value) || Object.values(value).some(inner => isEndless(inner, [...around, value]))
}

function firstLine (text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function firstLower (text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

type Contents = Document['contents'] | Node | null

function placeOf (contents: Contents, path: Path, placeAt: (offset: number) => Place): Place | undefined {
  let node: unknown = contents
  let offset = contents?.range?.[0]
  for (const step of path) {
    let key: unknown
    if (isSeq(node)) node = key = node.items[Number(step)]
    else if (isMap(node)) {
      // the last of two equal keys is the one that counts
      const pair = node.items.findLast(item => isScalar(item.key) && String(item.key.value) === String(step))
      key = pair?.key
      node = pair?.value
    } else break
    const start = (key as Node | undefined)?.range?.[0]
    if (start === undefined) break
    offset = start
  }
  return offset === undefined ? undefined : placeAt(offset)
}

/** The path of the key that is written at this offset; undefined when there is none. */
function pathOfKey (contents: unknown, offset: number): Path | undefined {
  if (isSeq(contents)) {
    for (const [index, item] of contents.items.entries()) {
      const rest = pathOfKey(item, offset)
      if (rest !== undefined) return [index, ...rest]
    }
  }
  if (!isMap(contents)) return undefined
  for (const { key, value } of contents.items) {
    if (!isScalar(key)) continue
    if (key.range?.[0] === offset) return [String(key.value)]
    const rest = pathOfKey(value, offset)
    if (rest !== undefined) return [String(key.value), ...rest]
  }
  return undefined
}
