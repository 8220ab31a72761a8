// Which part may know which: imports run one way.
import { posix } from 'node:path'
import { isProduct, withoutComments, type TidyRule } from './rule.ts'

interface ImportRule {
  /** Files that it is about. */
  readonly from: RegExp
  /** Project files that they may import, besides those of their own folder. */
  readonly files: RegExp
  /** Packages and Node modules that they may import. */
  readonly packages: RegExp
}

const ANY = /./
const NONE = /^\b$/

/** The first that matches counts. */
export const IMPORT_RULES: readonly ImportRule[] = [
  { from: /^protocol\//, files: /^protocol\//, packages: /^(typebox(\/.*)?|yaml|ipaddr\.js|fastest-levenshtein|node-cron|node:crypto)$/ },
  { from: /^(agent|controller)\/core\//, files: /^protocol\//, packages: NONE },
  { from: /^agent\/(ovsdb|endpoint|guard|companion|api|link)\//, files: /^(protocol\/|agent\/(?!main\.ts|shell\.ts)[^/]+\.ts$|agent\/core\/companion-state\.ts$)/, packages: ANY },
  { from: /^cli\/main\.ts$/, files: /^(protocol\/|cli\/|package\.json$)/, packages: ANY },
  { from: /^controller\/main\.ts$/, files: /^(protocol\/|controller\/|package\.json$)/, packages: ANY },
  { from: /^agent\/main\.ts$/, files: /^(protocol\/|agent\/|package\.json$)/, packages: ANY },
  { from: /^agent\/[^/]+\.ts$/, files: /^(protocol|agent)\//, packages: ANY },
  // store.ts and agent-link.ts are ports: what is behind them is not for others
  { from: /^controller\/(store|link|api|schedule)\//, files: /^(protocol\/|controller\/(?!main\.ts|shell\.ts)[^/]+\.ts$|controller\/(store\/store|link\/agent-link)\.ts$)/, packages: ANY },
  { from: /^controller\/[^/]+\.ts$/, files: /^(protocol|controller)\//, packages: ANY },
  { from: /^cli\//, files: /^(protocol|cli)\//, packages: ANY },
  { from: /^test\/sim\//, files: /^(protocol\/|(agent|controller)\/core\/|agent\/server\.ts$|test\/(sim\/|[^/]+\.ts$))/, packages: ANY }
]

interface Import {
  readonly target: string
  /** `import()`: loaded when it is needed. */
  readonly dynamic: boolean
  /** Gone before the program runs: cannot do anything. */
  readonly typeOnly: boolean
}

export function importsOf (text: string): readonly Import[] {
  const code = withoutComments(text)
  const fixed = [...code.matchAll(/^\s*(?:import|export)\s+(type\s+)?[\w\s,*${}]*?\bfrom\s*['"]([^'"]+)['"]/gm), ...code.matchAll(/^\s*import\s+()['"]([^'"]+)['"]/gm)]
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  return [
    ...fixed.map(([, typeOnly = '', target = '']) => ({ target, dynamic: false, typeOnly: typeOnly !== '' })),
    ...[...dynamic].map(([, target = '']) => ({ target, dynamic: true, typeOnly: false }))
  ]
}

function forbidden (path: string, { target, dynamic, typeOnly }: Import): string | undefined {
  const rule = IMPORT_RULES.find(({ from }) => from.test(path))
  if (rule === undefined) return undefined
  if (!target.startsWith('.')) return rule.packages.test(target) ? undefined : `may not import ${target}`
  const file = posix.join(posix.dirname(path), target)
  if (posix.dirname(file) === posix.dirname(path) && !file.startsWith('test/') && file !== posix.join(posix.dirname(path), 'main.ts')) return undefined
  // what one look at a server found is an event's content: the port's types, never its adapters
  if (typeOnly && path.startsWith('agent/core/') && file === 'agent/server.ts') return undefined
  // one program starts another by its door
  if (dynamic && path.startsWith('cli/') && file.endsWith('/main.ts')) return undefined
  return rule.files.test(file) ? undefined : `may not import ${file}`
}

const rule = (name: string, bad: readonly [string, string], good: readonly [string, string]): TidyRule => ({
  name,
  applies: path => IMPORT_RULES.some(({ from }) => from.test(path)),
  find: ({ path, text }) => importsOf(text).map(one => forbidden(path, one)).filter(problem => problem !== undefined),
  bad: { path: bad[0], text: bad[1] },
  good: { path: good[0], text: good[1] }
})

export const importRules: readonly TidyRule[] = [
  rule('imports run one way', ['agent/api/a.ts', 'import { b } from \'../ovsdb/b.ts\'\n'], ['agent/api/a.ts', 'import type { UnitService } from \'../unit-service.ts\'\nimport { c } from \'./c.ts\'\n']),
  {
    name: 'a relative import names a file that is there, with its ending',
    applies: isProduct,
    find: ({ path, text }, paths) => importsOf(text).filter(({ target }) => target.startsWith('.'))
      .map(({ target }) => posix.join(posix.dirname(path), target)).filter(file => !paths.has(file)).map(file => `${file} is not there`),
    bad: { path: 'agent/a.ts', text: 'import { b } from \'./nowhere.ts\'\n' },
    good: { path: 'agent/a.ts', text: 'import { b } from \'./a.ts\'\n' }
  }
]

/** More ways in which the import rule can be broken or kept; the self-test goes through all of them. */
export const IMPORT_SAMPLES: readonly { readonly path: string, readonly text: string, readonly allowed: boolean }[] = [
  { path: 'agent/core/a.ts', text: 'import { x } from \'../../protocol/x.ts\'', allowed: true },
  { path: 'agent/core/a.ts', text: 'import type { x } from \'../server.ts\'', allowed: true },
  { path: 'agent/core/a.ts', text: 'import { x } from \'../server.ts\'', allowed: false },
  { path: 'agent/core/a.ts', text: 'import type { x } from \'../durable.ts\'', allowed: false },
  { path: 'agent/core/a.ts', text: 'import \'../server.ts\'', allowed: false },
  { path: 'agent/core/a.ts', text: 'export const NAME = \'node:fs\'', allowed: true },
  { path: 'agent/core/a.ts', text: 'import { x } from \'node:fs\'', allowed: false },
  { path: 'controller/core/a.ts', text: 'import {\n  x,\n  y\n} from \'../../agent/core/x.ts\'', allowed: false },
  { path: 'controller/core/a.ts', text: 'import pino from \'pino\'', allowed: false },
  { path: 'controller/a.ts', text: 'import { x } from \'../agent/x.ts\'', allowed: false },
  { path: 'controller/api/a.ts', text: 'import type { Store } from \'../store/store.ts\'', allowed: true },
  { path: 'controller/api/a.ts', text: 'import { x } from \'../store/embedded.ts\'', allowed: false },
  { path: 'controller/store/a.ts', text: 'export { x } from \'../core/x.ts\'', allowed: false },
  { path: 'agent/a.ts', text: 'import { x } from \'../controller/x.ts\'', allowed: false },
  { path: 'agent/ovsdb/a.ts', text: 'import { x } from \'../shell.ts\'', allowed: false },
  { path: 'cli/commands/a.ts', text: 'const { run } = await import(\'../../agent/main.ts\')', allowed: true },
  { path: 'cli/commands/a.ts', text: 'import { run } from \'../../agent/main.ts\'', allowed: false },
  { path: 'protocol/a.ts', text: 'import { readFile } from \'node:fs/promises\'', allowed: false },
  { path: 'protocol/a.ts', text: 'import { Value } from \'typebox/value\'', allowed: true },
  { path: 'protocol/a.ts', text: 'import { x } from \'../test/x.ts\'', allowed: false },
  { path: 'test/sim/a.ts', text: 'import { x } from \'../../agent/ovsdb/x.ts\'', allowed: false },
  { path: 'test/sim/a.ts', text: 'import { x } from \'../../agent/core/x.ts\'', allowed: true }
]
