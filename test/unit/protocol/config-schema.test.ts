import assert from 'node:assert/strict'
import { test } from 'node:test'
import Value from 'typebox/value'
import { configJsonSchema, TIMING_SCHEMA } from '../../../protocol/config-schema.ts'
import { parseDurationMs } from '../../../protocol/duration.ts'
import { soundFile } from '../../config-fixture.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly additionalProperties?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

function walk (schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path)
  for (const [key, inner] of Object.entries(schema.properties ?? {})) walk(inner, `${path}.${key}`, visit)
  if (schema.items !== undefined) walk(schema.items, `${path}[]`, visit)
  for (const variant of schema.anyOf ?? []) walk(variant, path, visit)
}

test('the JSON Schema is draft 2020-12, plain JSON, and takes the sound file', () => {
  const schema = configJsonSchema()
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema)
  assert.ok(Value.Check(schema, soundFile()))
  assert.ok(!Value.Check(schema, { ...soundFile(), bogus: 1 }))
})

test('every mapping refuses unknown keys and every key has a description', () => {
  let keys = 0
  walk(configJsonSchema() as Schema, 'file', (schema, path) => {
    if (schema.type === 'object') assert.equal(schema.additionalProperties, false, path)
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      assert.ok((inner.description ?? '').length > 0, `${path}.${key} has no description`)
      keys++
    }
  })
  assert.ok(keys > 60, `only ${keys} keys were seen`)
})

test('the defaults of all durations are durations', () => {
  for (const [key, schema] of Object.entries(TIMING_SCHEMA.properties)) {
    if (key === 'maxLag') continue
    assert.notEqual(parseDurationMs((schema as { default?: string }).default ?? ''), undefined, key)
  }
})
