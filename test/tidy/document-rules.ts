// Markdown, and the list of error codes.
import { posix } from 'node:path'
import type { ProjectFile, TidyRule } from './rule.ts'
import { withoutComments } from './rule.ts'

const isMarkdown = (path: string) => path.endsWith('.md')

function withoutFences (text: string): string {
  return text.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, '')
}

function withoutCode (text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, '')
}

export const documentRules: readonly TidyRule[] = [
  {
    name: 'a document has exactly one title',
    applies: isMarkdown,
    find: ({ text }) => {
      const titles = withoutCode(text).split('\n').filter(line => /^# /.test(line)).length
      return titles === 1 ? [] : [`${titles} titles`]
    },
    bad: { path: 'docs/a.md', text: '# A\n\n# B\n' },
    good: { path: 'docs/a.md', text: '# A\n\n```sh\n# a comment\n```\n\n## B\n' }
  },
  {
    name: 'a relative link leads somewhere',
    applies: isMarkdown,
    find: ({ path, text }, paths) => linksOf(text)
      .map(target => posix.normalize(posix.join(posix.dirname(path), target)).replace(/\/$/, ''))
      .filter(target => !paths.has(target) && ![...paths].some(known => target === '.' || known.startsWith(`${target}/`)))
      .map(target => `${target} is not there`),
    bad: { path: 'docs/a.md', text: '# A\n[b](nowhere.md#b)\n' },
    good: { path: 'docs/a.md', text: '# A\n[b](a.md#b) [c](https://example.org/x) [d](#here) `[e](nowhere.md)` [f](../agent/)\n' }
  }
]

/** Links into documents whose anchor no heading there has; a link without an anchor, or to another kind of file, is for the rule above. */
export function anchorProblems (documents: readonly ProjectFile[]): readonly string[] {
  const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]))
  return documents.flatMap(({ path, text }) => targetsOf(text).flatMap(target => {
    const [file = '', anchor = ''] = target.split('#')
    const document = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file))
    const known = anchors.get(document)
    return anchor === '' || known === undefined || known.has(decodeURIComponent(anchor)) ? [] : [`${path}: ${document} has no heading for #${anchor}`]
  }))
}

/** The names that GitHub gives the headings of a document: two of one name get a number each. */
function anchorsOf (text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase()
    const name = words.replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-')
    let anchor = name
    for (let number = 1; anchors.has(anchor); number++) anchor = `${name}-${number}`
    anchors.add(anchor)
  }
  return anchors
}

/** Targets of inline links and images, and of reference definitions, that are files of the project. */
function linksOf (text: string): readonly string[] {
  return targetsOf(text).map(target => decodeURIComponent(target.replace(/[#?].*$/, ''))).filter(target => target !== '')
}

/** What links lead to within the project, as it is written: `file#anchor`. */
function targetsOf (text: string): readonly string[] {
  const plain = withoutCode(text)
  const found = [...plain.matchAll(/\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)/g), ...plain.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)]
  return found.map(([, target = '']) => target).filter(target => !/^[a-z]+:|^\//i.test(target))
}

/** Codes of errors in the code: whole string literals, but for names of environment variables. */
export function errorCodesOf (sources: readonly ProjectFile[]): ReadonlySet<string> {
  return new Set(sources.flatMap(({ text }) => [...withoutComments(text).matchAll(/(?<!\benv\(|\[|\benv: )'(OVSDB_HA_[A-Z0-9_]+)'/g)].map(([, code = '']) => code)))
}

/** Every code has a section in docs/errors.md that says what happened and what to do, and no section is about a code that is gone. */
export function errorCodeProblems (sources: readonly ProjectFile[], document: string): readonly string[] {
  const codes = errorCodesOf(sources)
  const sections = new Map(document.split(/^## /m).slice(1).map(section => {
    const [title = '', ...body] = section.split('\n')
    return [title.trim(), body.join('\n').trim()] as const
  }))
  return [
    ...[...codes].filter(code => !sections.has(code)).sort().map(code => `${code} is missing in docs/errors.md`),
    ...[...sections.keys()].filter(code => !codes.has(code)).sort().map(code => `${code} is in docs/errors.md and nowhere in the code`),
    ...[...sections].filter(([, body]) => !/\*\*What to do\*\*/.test(body) || body.startsWith('**What to do**')).map(([code]) => `${code} lacks what happened or what to do in docs/errors.md`)
  ]
}
