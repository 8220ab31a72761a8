import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const NAMES = ['lead', 'resign', 'set-intent', 'set-memory', 'append', 'history', 'read'] as const
export type ScriptName = typeof NAMES[number]

export interface Script {
  readonly text: string
  /** What EVALSHA calls it. */
  readonly sha: string
}

export type Scripts = Readonly<Record<ScriptName, Script>>

/** Every change of the store is one script: compare-and-set in one step, on each instance by itself. */
export async function loadScripts (): Promise<Scripts> {
  const loaded = await Promise.all(NAMES.map(async name => {
    const text = await readFile(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8')
    return [name, { text, sha: createHash('sha1').update(text).digest('hex') }] as const
  }))
  return Object.fromEntries(loaded) as unknown as Scripts
}
