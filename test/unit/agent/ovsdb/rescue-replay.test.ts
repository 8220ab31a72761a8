import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotActive } from '../../../../agent/ovsdb/rescue-replay.ts'
import { activeReport, report } from '../../../fixtures.ts'

test('rows are written only on a node that serves under its lease, in the very term that was meant (S1, S2)', () => {
  const serving = activeReport('n1')
  const { term } = serving.lease
  assert.equal(whyNotActive(serving, term), null)
  assert.match(whyNotActive(serving, term + 1) ?? '', /serves in term/)
  assert.match(whyNotActive(serving, term - 1) ?? '', /serves in term/)
  assert.match(whyNotActive(report('n1'), term) ?? '', /does not serve \(backup\)/)
  for (const lease of [{ held: false }, { remainingMs: 0 }]) assert.match(whyNotActive({ ...serving, lease: { ...serving.lease, ...lease } }, term) ?? '', /does not serve/)
  assert.match(whyNotActive({ ...serving, phase: 'stopping' }, term) ?? '', /does not serve \(stopping\)/)
})
