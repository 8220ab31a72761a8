import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeFaults } from '../../../protocol/request-fault.ts'

test('each wrong field is named once, in dotted form, and a fault of the whole is told as one of "it"', () => {
  assert.equal(describeFaults('body', [
    { keyword: 'type', instancePath: '/request/term', message: 'must be integer', params: {} },
    { keyword: 'type', instancePath: '/request/term', message: 'must be integer', params: {} },
    { keyword: 'required', instancePath: '', message: 'must have required properties holder', params: {} },
    { keyword: 'format', instancePath: '/at', params: {} }
  ]), 'body: request.term must be integer; it must have required properties holder; at is not valid')
})

test('an unknown key, which TypeBox reports twice, is told once', () => {
  assert.equal(describeFaults('body', [
    { keyword: 'boolean', instancePath: '/extra', message: 'schema is false', params: {} },
    { keyword: 'additionalProperties', instancePath: '', message: 'must not have additional properties', params: { additionalProperties: ['extra'] } }
  ]), 'body: extra is not known')
})
