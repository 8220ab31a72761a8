import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, formatPath, formatProblem } from '../../../protocol/config-errors.ts'

test('a path reads as in the language of the file, and odd keys are quoted', () => {
  assert.equal(formatPath(['clusters', 0, 'servers', 1, 'listen', 'port']), 'clusters[0].servers[1].listen.port')
  assert.equal(formatPath(['a', 'b.c', '']), 'a["b.c"][""]')
  assert.equal(formatPath([]), '')
})

test('a problem for people names place, value, what is allowed and the nearest word', () => {
  assert.equal(formatProblem({ file: 'c.yaml', path: 'tls', value: 1, message: 'unknown key', allowed: 'a, b', nearest: 'a', line: 3, column: 5 }), [
    'c.yaml:3:5: tls: unknown key',
    '    value:        1',
    '    allowed:      a, b',
    '    did you mean: a'
  ].join('\n'))
  assert.equal(formatProblem({ file: 'c.yaml', path: '', value: undefined, message: 'is empty' }), 'c.yaml: is empty')
})

test('a long value is cut, so that a problem stays readable', () => {
  assert.ok(formatProblem({ file: 'f', path: 'a', value: 'x'.repeat(10_000), message: 'm' }).length < 200)
})

test('the error that stops a program holds every problem', () => {
  const problems = ['a', 'b'].map(path => ({ file: 'f', path, value: undefined, message: 'is missing' }))
  const error = new ConfigError(problems)
  assert.equal(error.code, 'OVSDB_HA_CONFIG_INVALID')
  assert.match(error.message, /2 problems:\nf: a: is missing\nf: b: is missing/)
})
