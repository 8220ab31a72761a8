// Goal: within small bounds, no sequence of events whatever breaks S1 to S4 (test/sim draws long lives; this draws nothing and
// leaves nothing out). Method: spin searches all states of terms-and-leases.pml; then the proof that the model is not empty
// and finds mistakes. A search that fails tells the shortest way to the breach; `npm run model -- --only NAME` repeats it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { inWords, search } from './spin.ts'
import { MUTANTS, POSSIBLE, RULES, type Variant } from './variants.ts'

async function check (t: TestContext, variant: Variant): Promise<void> {
  const verdict = await search(variant)
  t.diagnostic(inWords(verdict))
  assert.equal(verdict.found, variant.expected, verdict.story.join('\n'))
}

test('what the model says that it abstracts is there: each file and name', async () => {
  const model = await readFile(path.join(import.meta.dirname, 'terms-and-leases.pml'), 'utf8')
  const named = [...model.matchAll(/\b((?:agent|controller|protocol)\/[\w/]+\.ts) (\w+)/g)]
  assert.ok(named.length > 20, `only ${named.length} names were found`)
  for (const [, file = '', name = ''] of named) {
    const source = await readFile(path.join(import.meta.dirname, '../..', file), 'utf8')
    assert.match(source, new RegExp(`\\b(function|interface|type) ${name}\\b`), `${file} has no ${name}: does the model still say what the code does?`)
  }
})

describe('the protocol of terms and leases keeps its rules, whatever happens within the bounds', () => {
  for (const variant of RULES) test(`${variant.name} (${variant.rule})`, t => check(t, variant))
})

describe('what must be possible is possible', () => {
  for (const variant of POSSIBLE) test(variant.name, t => check(t, variant))
})

describe('every mutant of the protocol is found', () => {
  for (const variant of MUTANTS) test(`${variant.name} (${variant.rule})`, t => check(t, variant))
})
