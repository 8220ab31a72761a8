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
