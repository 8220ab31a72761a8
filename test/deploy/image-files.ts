// What may not be in an image, wherever it comes from: our tests and repository, those of packages, secrets, ways to run something else.

export interface ImageFile {
  /** Relative to the image's root. */
  readonly path: string
  /** The permission bits. */
  readonly mode: number
  /** Null for what is no text. */
  readonly text: string | null
}

interface Rule {
  readonly what: string
  readonly breaks: (file: ImageFile) => boolean
}

const PROGRAM = 'opt/ovsdb-ha/'
const PACKAGE = /(?<=^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\//g

/** The path within our tree, or within the package that the file is of: what lies deeper there may be called `test` and be needed. */
function withinPackage (path: string): string {
  const inside = path.slice(PROGRAM.length)
  return inside.slice([...inside.matchAll(PACKAGE)].reduce((end, found) => Math.max(end, found.index + found[0].length), 0))
}

const SECRET_FILE = /(^|\/)(\.env(\.[^/]*)?|\.npmrc|\.netrc|\.docker|\.ssh|\.aws|id_[a-z0-9]+|shadow-?|[^/]*\.(pem|key|p12|pfx))$/
const SECRET = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}|\b(ghp|gho|npm)_[A-Za-z0-9]{36}\b|_authToken\s*=/

const RULES: readonly Rule[] = [
  { what: 'repository', breaks: ({ path }) => /(^|\/)(\.git|\.github|\.ci|\.svn)(\/|$)|(^|\/)\.git[a-z]+$/.test(path) },
  { what: 'test', breaks: ({ path }) => path.startsWith(PROGRAM) && (/^(tests?|__tests__|specs?|benchmarks?)(\/|\.)/.test(withinPackage(path)) || /\.(test|spec)\.[cm]?[jt]s$/.test(path)) },
  { what: 'development', breaks: ({ path }) => /^opt\/ovsdb-ha\/(deploy|helm|package-lock\.json|node_modules\/(eslint|typescript|neostandard|@types|node)\/)/.test(path) || /\.(map|tsbuildinfo)$|\.d\.[cm]?ts$/.test(path) },
  { what: 'secret', breaks: ({ path, text }) => SECRET_FILE.test(path) || (text !== null && SECRET.test(text)) },
  { what: 'shell or package manager', breaks: ({ path }) => /(^|\/)s?bin\/(sh|ash|bash|dash|busybox|env|apt|apt-get|dpkg|dpkg-query|npm|npx|perl|python3?[0-9.]*|curl|wget)$/.test(path) },
  { what: 'other rights', breaks: ({ path, mode }) => (mode & 0o6000) !== 0 || ((mode & 0o002) !== 0 && path !== 'tmp') }
]

/** `WHAT: PATH` of each file that breaks a rule. */
export function forbiddenFiles (files: readonly ImageFile[]): readonly string[] {
  return files.flatMap(file => RULES.filter(({ breaks }) => breaks(file)).map(({ what }) => `${what}: ${file.path}`))
}
