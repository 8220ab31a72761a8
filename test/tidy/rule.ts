/** One file of the project; the path is relative to its root, with forward slashes. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** A rule of the house style that can be checked by reading files. */
export interface TidyRule {
  /** What must be true, as a sentence. */
  readonly name: string
  /** Which files it is about. */
  readonly applies: (path: string) => boolean
  /** What is wrong with the file, a line each; `paths` are all files of the project. */
  readonly find: (file: ProjectFile, paths: ReadonlySet<string>) => readonly string[]
  /** A file that breaks the rule and one that keeps it: a rule that finds nothing would pass for ever. */
  readonly bad: ProjectFile
  readonly good: ProjectFile
}

/** Whatever the style says of code, it says of code and not of what comments say. */
export function withoutComments (text: string): string {
  return text.replace(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replace(/(^|\s)\/\/.*$/gm, '$1')
}

/** A problem for each line of code that the pattern matches. */
export function linesThat (pattern: RegExp, text: string, why: string): readonly string[] {
  return withoutComments(text).split('\n').filter(line => pattern.test(line)).map(line => `${line.trim()} -- ${why}`)
}

export const isProduct = (path: string) => /^(agent|controller|protocol|cli)\/.*\.ts$/.test(path)
export const isCore = (path: string) => /^(agent|controller)\/core\/.*\.ts$/.test(path)
export const isTest = (path: string) => /^test\/.*\.ts$/.test(path)
export const isCode = (path: string) => isProduct(path) || isTest(path)
