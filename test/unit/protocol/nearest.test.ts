import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestWord } from '../../../protocol/nearest.ts'

test('the nearest known word is found through a slip, swapped letters and wrong capitals', () => {
  assert.equal(nearestWord('adress', ['name', 'address']), 'address')
  assert.equal(nearestWord('agentport', ['agentPort', 'address']), 'agentPort')
  assert.equal(nearestWord('clt3', ['ctl1', 'ctl3']), 'ctl3')
})

test('a word that is like none of the known ones gets no suggestion', () => {
  assert.equal(nearestWord('tls', ['tcp', 'ssl']), undefined)
  assert.equal(nearestWord('bogus', ['name', 'address']), undefined)
  assert.equal(nearestWord('x'.repeat(100_000), ['name']), undefined)
  assert.equal(nearestWord('name', []), undefined)
})
