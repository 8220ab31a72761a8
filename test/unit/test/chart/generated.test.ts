import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { CHART, copiesInChart, generatedFiles } from '../../../chart/generated.ts'

test('the chart\'s README, schema, rules and dashboards are what "npm run chart" writes', async () => {
  const files = await generatedFiles()
  assert.ok(files.has('README.md') && files.has('values.schema.json'))
  for (const [file, text] of files) assert.equal(await readFile(path.join(CHART, file), 'utf8'), text, `helm/ovsdb-ha/${file} is out of date: npm run chart`)
})

test('the chart holds no rules and dashboards that deploy/ does not have', async () => {
  const files = await generatedFiles()
  for (const file of await copiesInChart()) assert.ok(files.has(file), `helm/ovsdb-ha/${file} has no original: npm run chart`)
})

test('the chart installs the version that this tree is, and the changelog tells of it', async () => {
  const read = (file: string) => readFile(path.resolve(CHART, '../..', file), 'utf8')
  const { version } = JSON.parse(await read('package.json')) as { readonly version: string }
  assert.ok((await read('helm/ovsdb-ha/Chart.yaml')).split('\n').includes(`appVersion: ${version}`), 'helm/ovsdb-ha/Chart.yaml: appVersion')
  assert.ok((await read('CHANGELOG.md')).split('\n').some(line => line.startsWith(`## [${version}] - `)), 'CHANGELOG.md')
})
