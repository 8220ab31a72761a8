import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readYaml } from '../../../protocol/config-yaml.ts'

const read = (text: string) => readYaml(text, 'cluster.yaml')

test('unparsable YAML is told with line and column, and its values are not used', () => {
  const { value, problems } = read('version: 1\nnodes: [\nclusters: 3\n')
  assert.equal(value, undefined)
  assert.deepEqual([problems[0]?.line, problems[0]?.column], [3, 1])
  assert.match(problems[0]?.message ?? '', /not readable as YAML/)
})

test('a key that is written twice is told with its path at the second place, also inside lists', () => {
  const { problems } = read('a: 1\nb:\n  - c: 1\n    c: 2\na: 2\n')
  assert.deepEqual(problems.map(({ path, line, column }) => ({ path, line, column })), [
    { path: 'b[0].c', line: 4, column: 5 },
    { path: 'a', line: 5, column: 1 }
  ])
})

test('several documents, unknown tags, aliases without end or anchor or into themselves are refused', () => {
  const bomb = 'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n'
  for (const text of ['a: 1\n---\nb: 1\n', 'a: !secret x\n', bomb, 'a: *nowhere\n', 'a: &x\n  b: *x\n', '['.repeat(20_000)]) {
    const { problems } = read(text)
    assert.ok(problems.length > 0 && problems.length <= 20, text.slice(0, 40))
    assert.match(problems[0]?.message ?? '', /not readable as YAML/)
  }
})

test('a text that is far too long is refused unread', () => {
  assert.match(read(`a: ${'x'.repeat(1_100_000)}`).problems[0]?.message ?? '', /longer than/)
})

test('the place of a value is that of its key or list entry, or of the nearest parent when it is missing', () => {
  const { place } = read('a:\n  - b: 1\n    c: 2\n')
  assert.deepEqual(place(['a', 0, 'c']), { line: 3, column: 5 })
  assert.deepEqual(place(['a', 0]), { line: 2, column: 5 })
  assert.deepEqual(place(['a', 0, 'missing']), { line: 2, column: 5 })
  assert.deepEqual(place(['a', 7, 'b']), { line: 1, column: 1 })
})
