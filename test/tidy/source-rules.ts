// Size, names, purity, clocks and comments of source files.
import { isCode, isCore, isProduct, isTest, linesThat, type TidyRule } from './rule.ts'

const LINES_MAX = 400
/** In `core/` nothing may know the time, toss a coin, log, wait or touch the world. */
const IMPURE = /\b(Date\.now|new Date|performance\.|Math\.random|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|console\.|fetch\(|crypto\.|await )|\basync\b/
/** Words that say which unit a number has, or that it counts what its name says. */
const UNITS = /(Ms|Bytes|Rows|Index|Port|Heartbeats|Files|Length|Entries|Nodes|Status|Seconds|Percent|Rate|Attempts|Term|Sequence|Generation|Failovers|Snapshots|PerHour|AtOnce)$|^(port|priority|term|sequence|generation|pid|id|files|bytes|line|column|limit|before|maxLag|edits|restarts)$|^(min|max)(imum|Items|Length)$/

export const sourceRules: readonly TidyRule[] = [
  {
    name: `a file has at most ${LINES_MAX} lines`,
    applies: isCode,
    find: ({ text }) => text.trimEnd().split('\n').length > LINES_MAX ? [`${text.trimEnd().split('\n').length} lines: split it by purpose`] : [],
    bad: { path: 'agent/a.ts', text: '\n'.repeat(LINES_MAX) + 'x\n' },
    good: { path: 'agent/a.ts', text: '\n'.repeat(LINES_MAX - 1) + 'x\n' }
  },
  {
    name: 'a file is named for what it does: no utils, helpers, common, misc, and no barrel',
    applies: isCode,
    find: ({ path }) => /(^|[-/.])(utils?|helpers?|common|misc)([-/.]|$)|(^|\/)index\.ts$/.test(path) ? ['name it for what it decides or does'] : [],
    bad: { path: 'agent/ovsdb/string-utils.ts', text: '' },
    good: { path: 'agent/ovsdb/commonality.ts', text: '' }
  },
  {
    name: 'a core knows no time, no chance, no log, no waiting and no world',
    applies: isCore,
    find: ({ text }) => linesThat(IMPURE, text, 'a core is pure: take time and chance as arguments, answer with actions'),
    bad: { path: 'agent/core/a.ts', text: '// now\nconst nowMs = performance.now()\n' },
    good: { path: 'agent/core/a.ts', text: '// never Date.now here\nexport const step = (nowMs: number) => nowMs\n' }
  },
  {
    name: 'a core has no class',
    applies: isCore,
    find: ({ text }) => linesThat(/^\s*(export )?(abstract )?class /, text, 'a core is functions over values'),
    bad: { path: 'agent/core/a.ts', text: '// a\nexport class Lease {}\n' },
    good: { path: 'agent/core/a.ts', text: '// a\nexport interface Lease {}\n' }
  },
  {
    name: 'a core\'s file opens with its idea in plain words',
    applies: isCore,
    find: ({ text }) => /^(\/\/ \S|\/\*\*?\s)/.test(text) ? [] : ['start with a comment'],
    bad: { path: 'controller/core/a.ts', text: 'import type { A } from \'./b.ts\'\n' },
    good: { path: 'controller/core/a.ts', text: '// Picks the node to promote.\n' }
  },
  {
    name: 'the wall clock is read in clock.ts only',
    applies: path => isProduct(path) && !path.endsWith('/clock.ts'),
    find: ({ text }) => linesThat(/\bDate\.now\b|\bnew Date\(\)|\bnew Date\b(?!\()/, text, 'take it from clock.ts; elapsed time is performance.now()'),
    bad: { path: 'agent/a.ts', text: 'const at = new Date().toISOString()\n' },
    good: { path: 'agent/a.ts', text: 'const text = new Date(atMs).toISOString() // not Date.now\n' }
  },
  {
    name: 'environment and arguments are read in main.ts only',
    applies: path => isProduct(path) && !path.endsWith('/main.ts'),
    find: ({ text }) => linesThat(/\bprocess\.(env|argv)\b/, text, 'main.ts reads it and hands it in'),
    bad: { path: 'agent/a.ts', text: 'const level = process.env.LEVEL\n' },
    good: { path: 'agent/main.ts', text: 'const level = process.env.LEVEL\n' }
  },
  {
    name: 'a comment is prose',
    applies: isCode,
    find: ({ text }) => text.split('\n').filter(line => /^\s*(\/\*)?\*+ *@(param|returns?|throws|type)\b/.test(line)).map(line => `${line.trim()} -- say it in a sentence, or leave it to the types`),
    bad: { path: 'agent/a.ts', text: '/**\n * @param name the name\n */\n' },
    good: { path: 'agent/a.ts', text: '/** The name. */\nconst tag = \'@param\'\n' }
  },
  {
    name: 'a caught error is never dropped in silence',
    applies: path => isCode(path) && !path.startsWith('test/tidy/'),
    find: ({ text }) => /catch\s*(\([^)]*\)\s*)?\{\s*\}|\.catch\(\(\w*\)\s*=>\s*\{\s*\}\)/.test(text) ? ['an empty catch: handle the error, wrap it, or say in a comment why it is no news'] : [],
    bad: { path: 'agent/a.ts', text: 'try { stop() } catch {}\n' },
    good: { path: 'agent/a.ts', text: 'try { stop() } catch { gone = true }\n' }
  },
  {
    name: 'exports have names',
    applies: path => isProduct(path) || isTest(path),
    find: ({ text }) => linesThat(/^export default\b/, text, 'export it by its name'),
    bad: { path: 'agent/a.ts', text: 'export default 3\n' },
    good: { path: 'agent/a.ts', text: 'export const LIMIT = 3\n' }
  },
  {
    name: 'what is said between the parts names the unit of every number',
    applies: path => path.startsWith('protocol/'),
    find: ({ text }) => withoutUnit(text).map(name => `${name} -- end its name with its unit (Ms, Bytes, …)`),
    bad: { path: 'protocol/a.ts', text: 'interface A {\n  readonly lease: number\n}\nType.Object({ lag: Type.Optional(Type.Integer()) })\n' },
    good: { path: 'protocol/a.ts', text: 'interface A {\n  readonly leaseMs: number\n}\nType.Object({ port: Port({}), pid: Nullable(Type.Integer()) })\n' }
  }
]

/** Names of fields that hold a number: of interfaces, and of TypeBox objects. */
function withoutUnit (text: string): readonly string[] {
  const fields = [
    ...text.matchAll(/\breadonly (\w+)\??: number\b/g),
    ...text.matchAll(/(?:^|[{,])\s*(\w+): (?:Type\.Optional\(|Nullable\()?(?:Type\.(?:Integer|Number)|NullableInteger|Port)\b/gm)
  ]
  return fields.map(([, name = '']) => name).filter(name => !UNITS.test(name))
}
