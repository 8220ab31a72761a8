import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLagWatch } from '../../../../agent/api/lag-watch.ts'
import { reportOf } from './unit-double.ts'

const [server] = reportOf().servers
const at = (sequence: number | null) => reportOf({ servers: [{ ...server!, position: sequence === null ? null : { term: 4, sequence, writer: 'n2' } }] })

test('the age of the newest heartbeat counts from when it was first seen, whatever is seen of it later', () => {
  const lag = createLagWatch()
  assert.equal(lag.ageMs('ovn', 'nb', 1_000), null)
  lag.look(at(17), 1_000)
  lag.look(at(17), 2_500)
  assert.equal(lag.ageMs('ovn', 'nb', 4_000), 3_000)
  lag.look(at(18), 4_100)
  assert.equal(lag.ageMs('ovn', 'nb', 4_300), 200)
  assert.equal(lag.ageMs('ovn', 'sb', 4_300), null)
})

test('a look that finds no heartbeat makes nothing younger', () => {
  const lag = createLagWatch()
  lag.look(at(17), 1_000)
  lag.look(at(null), 2_000)
  lag.look(at(17), 3_000)
  assert.equal(lag.ageMs('ovn', 'nb', 3_500), 2_500)
})

test('data that went back counts as what came then', () => {
  const lag = createLagWatch()
  lag.look(at(17), 1_000)
  lag.look(at(3), 2_000)
  assert.equal(lag.ageMs('ovn', 'nb', 2_500), 500)
})
