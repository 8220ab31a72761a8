import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { errorCodesOf } from '../tidy/document-rules.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

export interface ErrorRow {
  readonly name: string
  /** Empty: it is no answer of HTTP, or depends on what happened. */
  readonly status: string
  readonly hint: string
}

/** Every code that the code has. What an error says only when it happens is told as that. */
export async function errorRows (): Promise<readonly ErrorRow[]> {
  const paths = (await Array.fromAsync(glob('{agent,controller,cli,protocol}/**/*.ts', { cwd: ROOT }))).sort()
  const sources = await Promise.all(paths.map(async file => ({ path: file, text: await readFile(path.join(ROOT, file), 'utf8') })))
  const classes = new Map(sources.flatMap(({ text }) => text.split(/^export (?:abstract )?class /m).slice(1)).flatMap(body => {
    const found = /^ {2}(?:override )?readonly code\b[^=\n]*= '(OVSDB_HA_[A-Z0-9_]+)'/m.exec(body)
    return found === null ? [] : [[found[1] ?? '', body] as const]
  }))
  return [...errorCodesOf(sources)].sort().map(name => {
    const body = classes.get(name) ?? ''
    return { name, status: /^ {2}readonly httpStatus\b[^=\n]*= (\d+)/m.exec(body)?.[1] ?? '', hint: hintIn(body) ?? 'In the answer: it depends on what happened.' }
  })
}

/** The text of `readonly hint = '…'`; undefined where it is put together when it happens. */
function hintIn (body: string): string | undefined {
  return /^ {2}readonly hint\b[^=\n]*= '((?:[^'\\\n]|\\.)*)'$/m.exec(body)?.[1]?.replaceAll('\\\'', '\'')
}
