import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderReadme, valueRows } from '../../../chart/readme.ts'

test('a comment that begins with "--" is a row, also of a first key, and a map with one is not looked into', () => {
  const rows = valueRows('# About the file.\n\n# -- How many.\ncount: 1\nimage:\n  # -- Which;\n  # a second line.\n  name: a\n  # -- Both.\n  pair: {x: 1, y: [2]}\n')
  assert.deepEqual(rows, [
    { path: 'count', byDefault: '1', description: 'How many.' },
    { path: 'image.name', byDefault: '"a"', description: 'Which; a second line.' },
    { path: 'image.pair', byDefault: '{"x":1,"y":[2]}', description: 'Both.' }
  ])
})

test('a value that nobody described is refused by its path', () => {
  assert.throws(() => valueRows('# -- A.\na: 1\nb:\n  # no row\n  c: 2\n'), /b\.c has no comment/)
  assert.throws(() => valueRows('# -- A.\na: 1\nb: {}\n'), /b has no comment/)
})

test('the table stands where the template says, and a bar in a text does not end its cell', () => {
  assert.equal(renderReadme('# A\n\n<!-- values -->\n', '# -- One | two.\na: "x|y"\n'), '# A\n\n| value | default | what it is |\n| --- | --- | --- |\n| `a` | `"x\\|y"` | One \\| two. |\n')
  assert.throws(() => renderReadme('# A\n', '# -- A.\na: 1\n'), /exactly once/)
})
