// The house style as a test. Each rule is proved first on a small file that breaks it and one that keeps it.
import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { anchorProblems, documentRules, errorCodeProblems, errorCodesOf } from './tidy/document-rules.ts'
import { IMPORT_SAMPLES, importRules } from './tidy/import-rules.ts'
import { isCode, isCore, isProduct, type ProjectFile, type TidyRule } from './tidy/rule.ts'
import { sourceRules } from './tidy/source-rules.ts'
import { testRules } from './tidy/test-rules.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const RULES: readonly TidyRule[] = [...sourceRules, ...importRules, ...testRules, ...documentRules]
/** The files that the samples may refer to. */
const SAMPLE_PATHS = new Set(['agent/a.ts', 'docs/a.md'])

const paths = new Set((await Array.fromAsync(glob('**/*', { cwd: ROOT, exclude: entry => /(^|\/)(node_modules|\.git)$/.test(entry) }))).map(file => file.replaceAll(path.sep, '/')))
const files: readonly ProjectFile[] = await Promise.all([...paths].filter(file => isCode(file) || file.endsWith('.md')).sort()
  .map(async file => ({ path: file, text: await readFile(path.join(ROOT, file), 'utf8') })))

test('the project was found: there are files of every kind that the rules are about', () => {
  for (const isKind of [isProduct, isCore, (file: string) => file.startsWith('test/unit/'), (file: string) => file.endsWith('.md')]) assert.ok(files.some(file => isKind(file.path)))
})

for (const rule of RULES) {
  test(`the check "${rule.name}" sees a file that breaks it, and lets one pass that keeps it`, () => {
    assert.ok(rule.applies(rule.bad.path), 'the bad sample is not looked at')
    assert.notDeepEqual(rule.find(rule.bad, SAMPLE_PATHS), [])
    assert.deepEqual(rule.applies(rule.good.path) ? rule.find(rule.good, SAMPLE_PATHS) : [], [])
  })

  test(`tidy: ${rule.name}`, () => {
    const problems = files.filter(file => rule.applies(file.path)).flatMap(file => rule.find(file, paths).map(problem => `${file.path}: ${problem}`))
    assert.equal(problems.join('\n'), '')
  })
}

test('the import check tells allowed from forbidden for every pair of parts', () => {
  const [rule] = importRules
  for (const sample of IMPORT_SAMPLES) assert.equal(rule?.find(sample, SAMPLE_PATHS).length, sample.allowed ? 0 : 1, `${sample.path}: ${sample.text}`)
})

test('the check of anchors sees one that no heading has, in the same document and in another, and knows how headings are named', () => {
  const documents = [
    { path: 'docs/a.md', text: '# A\n\n[b](#b) [c](#c) [d](sub/b.md#a-failover-by-hand-and---force) [e](sub/b.md#gone) [f](../agent/a.ts#L1) `[g](#gone)`\n\n## B\n' },
    { path: 'docs/sub/b.md', text: '# B\n\n```sh\n# gone\n```\n\n## A failover by hand, and `--force`\n\n## [Twice](x.md)\n\n## Twice\n\n[h](#twice-1) [i](#twice-2) [j](../a.md#b)\n' }
  ]
  assert.deepEqual(anchorProblems(documents), [
    'docs/a.md: docs/a.md has no heading for #c',
    'docs/a.md: docs/sub/b.md has no heading for #gone',
    'docs/sub/b.md: docs/sub/b.md has no heading for #twice-2'
  ])
})

test('tidy: the anchor of a link is a heading there', () => {
  assert.equal(anchorProblems(files.filter(file => file.path.endsWith('.md'))).join('\n'), '')
})

test('the check of error codes sees a missing, a stale and an empty section, and takes no variable for a code', () => {
  const sources = [{ path: 'a.ts', text: '  readonly code = \'OVSDB_HA_A\'\n  readonly code = \'OVSDB_HA_B\'\n  // \'OVSDB_HA_OLD\'\n  new Option().env(\'OVSDB_HA_TOKEN\'); env[\'OVSDB_HA_SERVER\']\n' }]
  assert.deepEqual([...errorCodesOf(sources)], ['OVSDB_HA_A', 'OVSDB_HA_B'])
  assert.deepEqual(errorCodeProblems(sources, '# Errors\n\n## OVSDB_HA_A\n\nIt broke.\n\n## OVSDB_HA_GONE\n\nIt broke.\n\n**What to do**: mend it.\n'), [
    'OVSDB_HA_B is missing in docs/errors.md',
    'OVSDB_HA_GONE is in docs/errors.md and nowhere in the code',
    'OVSDB_HA_A lacks what happened or what to do in docs/errors.md'
  ])
})

test('tidy: every error code is in docs/errors.md, and the reverse', () => {
  const document = files.find(file => file.path === 'docs/errors.md')
  assert.ok(document !== undefined, 'docs/errors.md is not there')
  assert.equal(errorCodeProblems(files.filter(file => isProduct(file.path)), document.text).join('\n'), '')
})
