import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { Errors } from 'typebox/schema'
import { parse } from 'yaml'
import { CHART } from '../../../chart/generated.ts'
import { valuesJsonSchema } from '../../../chart/values-schema.ts'

type Values = Record<string, unknown>

const schema = valuesJsonSchema()
const defaults = parse(await readFile(path.join(CHART, 'values.yaml'), 'utf8')) as Values

/** As Helm does: maps are merged, null takes a key away, everything else is replaced. */
function merged (under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) return over
  const both = { ...under, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, key in under ? merged(under[key], value) : value])) }
  return Object.fromEntries(Object.entries(both).filter(([, value]) => value !== null))
}

function isMap (value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problems (values: unknown): readonly string[] {
  const [, errors] = Errors(schema, values)
  return errors.map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test('the defaults fit, and a budget for disruptions with two bounds does not', () => {
  assert.deepEqual(problems(defaults), [])
  assert.notDeepEqual(problems(merged(defaults, { controller: { podDisruptionBudget: { minAvailable: 1 } } })), [])
})

test('every key of values.yaml is in the schema, and the reverse', () => {
  const missing = (values: Values, { properties }: any, at: string): readonly string[] => properties === undefined
    ? []
    : [
        ...Object.keys(properties).filter(key => !(key in values) && `${at}${key}` !== 'global' && !/resources\.$/.test(at)).map(key => `${at}${key} is in the schema only`),
        ...Object.entries(values).flatMap(([key, value]) => !(key in properties) ? [`${at}${key} is in values.yaml only`] : isMap(value) ? missing(value, properties[key], `${at}${key}.`) : [])
      ]
  assert.deepEqual(missing(defaults, schema, ''), [])
})

test('the values of every file in ci/ fit', async () => {
  const files = await Array.fromAsync(glob('ci/*-values.yaml', { cwd: CHART }))
  assert.ok(files.length >= 5)
  for (const file of files) assert.deepEqual(problems(merged(defaults, parse(await readFile(path.join(CHART, file), 'utf8')))), [], file)
})

test('a wrong type, an unknown key and a node as cluster.yaml refuses it are found', () => {
  for (const wrong of [{ agent: { port: '8643' } }, { agent: { prot: 8643 } }, { tls: { source: 'off' } }, { nodes: [{ name: 'a_b', address: '10.0.0.1' }] }, { nodes: [{ name: 'a', adress: '10.0.0.1' }] }, { clusters: [{ name: 'ovn' }] }]) {
    assert.notDeepEqual(problems(merged(defaults, wrong)), [], JSON.stringify(wrong))
  }
})

test('no pattern needs what Go\'s regular expressions do not have', () => {
  const patterns: string[] = []
  JSON.stringify(schema, (key, value) => {
    if (key === 'pattern' && typeof value === 'string') patterns.push(value)
    if (key === 'patternProperties') patterns.push(...Object.keys(value as object))
    return value
  })
  assert.ok(patterns.length > 20)
  for (const pattern of patterns) assert.doesNotMatch(pattern, /\(\?[!=<]|\\u/)
})
