import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { referencePages, writtenPage } from '../../../reference/pages.ts'
import { rowsOf, typeWords } from '../../../reference/schema-words.ts'
import { table } from '../../../reference/table.ts'

const DIRECTORY = path.resolve(import.meta.dirname, '../../../../docs/reference')

test('docs/reference is what the code says now: npm run reference writes it anew', async () => {
  const pages = await referencePages()
  assert.deepEqual((await readdir(DIRECTORY)).sort(), [...pages.keys()].sort())
  for (const [file, text] of pages) assert.equal(await writtenPage(path.join(DIRECTORY, file)), text, `docs/reference/${file} is not current: npm run reference`)
})

test('the pages have what they are about: keys with their defaults, roles of requests, options of commands, hints of errors', async () => {
  const pages = await referencePages()
  const has = (file: string, line: RegExp) => assert.match(pages.get(file) ?? '', line)
  has('cluster-yaml.md', /^\| `clusters\[\]\.timing\.lease` \| {2}\| `2s` \| a duration .* \| How long the active may serve/m)
  has('cluster-yaml.md', /^\| `clusters\[\]\.servers\[\]\.listen\.port` \| yes \|/m)
  has('rest.md', /^\| `POST \/v1\/clusters\/:cluster\/pause` \| operator \| Stop decisions/m)
  has('rest.md', /^\| `GET \/healthz` \| none \|/m)
  has('rest.md', /^\| `POST \/v1\/clusters\/:cluster\/lease` \| .*`holder`/m)
  has('cli.md', /^## ovsdb-ha pause\n\n```text\nUsage: ovsdb-ha pause /m)
  has('metrics.md', /^\| `ovsdb_ha_failover_total` \| counter \| cluster, kind, outcome \|/m)
  has('metrics.md', /^\| `ovsdb_ha_jsonrpc_server_sessions` \| gauge \| cluster, server, node \|/m)
  has('errors.md', /^\| \[`OVSDB_HA_CONTROL_REFUSED`\]\(\.\.\/errors\.md#ovsdb_ha_control_refused\) \| 502 \| Read the words of ovsdb-server/m)
})

test('nested keys are told by their path, alternatives in words, and a bar in a text does not break the table', () => {
  const schema = { properties: { a: { items: { properties: { b: { anyOf: [{ type: 'string' }, { enum: ['x', 'y'] }] } }, required: ['b'] } } } } as const
  assert.deepEqual(rowsOf(schema).map(({ path, required }) => [path, required]), [['a', false], ['a[].b', true]])
  assert.equal(typeWords(schema.properties.a.items.properties.b), 'string, or x, y')
  assert.equal(table(['h'], [['a|b\n c']]), '| h |\n| --- |\n| a\\|b c |')
})
