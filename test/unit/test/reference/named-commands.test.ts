import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { namedCommandProblems } from '../../../reference/named-commands.ts'

const ROOT = path.resolve(import.meta.dirname, '../../../..')

test('a command that is not there is seen, and so are an option and an argument too many; what may be left out may be written', () => {
  const problems = (text: string) => namedCommandProblems({ path: 'docs/a.md', text }).map(problem => problem.replace('docs/a.md: ', ''))
  assert.deepEqual(problems('`ovsdb-ha frobnicate` `ovsdb-ha history CLUSTER --id ID` `ovsdb-ha voters show ctl1`'), [
    'ovsdb-ha frobnicate: there is no frobnicate',
    'ovsdb-ha history CLUSTER --id ID: it has no --id',
    'ovsdb-ha history CLUSTER --id ID: it takes no ID',
    'ovsdb-ha voters show ctl1: it takes no ctl1'
  ])
  assert.deepEqual(problems('```yaml\na: b\n```\n\n```sh\nnpm ci\novsdb-ha pause now later # why\n```\n'), ['ovsdb-ha pause now later # why: it takes no later'])
  assert.deepEqual(problems('`ovsdb-ha switchover [--to NODE] --reason \'two words\'` `ovsdb-ha upgrade check|run` `ovsdb-ha quorum force a b --confirm ovn` `ovsdb-ha COMMAND --help` `ovsdb-ha status | less`'), [])
})

test('every command that a document names is there', async () => {
  const files = await Array.fromAsync(glob(['*.md', '{docs,helm,deploy}/**/*.md'], { cwd: ROOT }))
  assert.ok(files.length > 50)
  const problems = await Promise.all(files.toSorted().map(async file => namedCommandProblems({ path: file, text: await readFile(path.join(ROOT, file), 'utf8') })))
  assert.equal(problems.flat().join('\n'), '')
})
