import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Settings } from 'typebox/system'
import { shapeProblems } from '../../../protocol/config-shape.ts'
import { soundFile } from '../../config-fixture.ts'

const found = (file: unknown) => shapeProblems(file).map(({ path, message }) => `${path.join('.')}: ${message}`)

test('the sound file has no problem of shape', () => {
  assert.deepEqual(found(soundFile()), [])
})

test('an unknown key is told once, with the nearest known key of that place', () => {
  const problems = shapeProblems({ ...soundFile(), nodes: [{ name: 'a', address: '10.0.0.1', agentport: 1 }] })
  assert.deepEqual(problems, [{
    path: ['nodes', 0, 'agentport'], value: 1, message: 'unknown key', allowed: 'name, address, agentPort, fence', nearest: 'agentPort'
  }])
})

test('keys that every object inherits are unknown keys like any other', () => {
  assert.deepEqual(found(JSON.parse(`{ "__proto__": 1, "constructor": 2, ${JSON.stringify(soundFile()).slice(1)}`)), ['__proto__: unknown key', 'constructor: unknown key'])
})

test('of a node entry that may be a name or a mapping, only the faults of the one that was meant are told', () => {
  const file = soundFile()
  const nodes: unknown[] = [{ name: 'ctl1', witnes: true, priority: 'high' }, 'bad name', 5, null]
  assert.deepEqual(found({ ...file, clusters: [{ ...file.clusters[0], nodes }] }), [
    'clusters.0.nodes.0.witnes: unknown key',
    'clusters.0.nodes.0.priority: has the wrong type (string)',
    'clusters.0.nodes.1: does not have the allowed form',
    'clusters.0.nodes.2: has the wrong type (number)',
    'clusters.0.nodes.3: is empty'
  ])
})

test('far more than eight problems are all told, and the library keeps its own limit for others', () => {
  const before = Settings.Get().maxErrors
  const nodes = Array.from({ length: 50 }, (_, index) => ({ name: `n${index}`, address: 'nowhere' }))
  assert.equal(shapeProblems({ ...soundFile(), nodes }).length, 50)
  assert.equal(Settings.Get().maxErrors, before)
})

test('a value that is none of the allowed words is told with them and the nearest', () => {
  const problems = shapeProblems({ ...soundFile(), controller: { tokens: [{ name: 'a', role: 'operater', file: '/t' }] } })
  assert.deepEqual(problems.map(({ path, allowed, nearest }) => [path.join('.'), allowed, nearest]), [['controller.tokens.0.role', 'viewer, operator, admin', 'operator']])
})
