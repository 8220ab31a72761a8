import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLagWatch } from '../../../../agent/api/lag-watch.ts'
import { reportOf } from './unit-double.ts'

const [server] = reportOf().servers
const { voter } = reportOf()
/** The server has come so far, and the holder has told this voter that it is at `told`. */
const at = (sequence: number | null, told = 0, term = 4) => reportOf({ voter: { ...voter, term, sequence: told }, servers: [{ ...server!, position: sequence === null ? null : { term: 4, sequence, writer: 'n2' } }] })

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

test('heartbeats that come each second, but late, are as old as the word of the holder that they were written', () => {
  const lag = createLagWatch()
  for (let second = 0; second <= 60; second++) lag.look(at(Math.max(1, 100 + second - 6), 100 + second), second * 1_000)
  assert.equal(lag.ageMs('ovn', 'nb', 60_000), 6_000)
  assert.equal(lag.ageMs('ovn', 'nb', 60_700), 6_700)
})

test('of a word that skips heartbeats the first one counts that tells at least as much', () => {
  const lag = createLagWatch()
  lag.look(at(10, 10), 0)
  lag.look(at(10, 12), 2_000)
  lag.look(at(10, 14), 4_000)
  lag.look(at(11, 14), 6_000)
  assert.equal(lag.ageMs('ovn', 'nb', 6_000), 4_000)
  lag.look(at(12, 14), 7_000)
  assert.equal(lag.ageMs('ovn', 'nb', 7_000), 5_000)
  lag.look(at(14, 14), 8_000)
  assert.equal(lag.ageMs('ovn', 'nb', 8_000), 4_000)
})

test('a heartbeat that comes before the word of it is as old as what was found', () => {
  const lag = createLagWatch()
  lag.look(at(17, 16), 1_000)
  lag.look(at(17, 17), 1_400)
  assert.equal(lag.ageMs('ovn', 'nb', 2_000), 1_000)
})

test('the word of a newer term is one of everything in the terms before', () => {
  const lag = createLagWatch()
  lag.look(at(20, 20), 0)
  lag.look(at(20, 3, 5), 5_000)
  lag.look(at(21, 8, 5), 9_000)
  assert.equal(lag.ageMs('ovn', 'nb', 9_000), 4_000)
})

test('a lag of hours is told, and what is kept for it is bounded', () => {
  const lag = createLagWatch()
  lag.look(at(1, 1), 0)
  for (let second = 1; second <= 7_200; second++) lag.look(at(1, 1 + second), second * 1_000)
  lag.look(at(3_600, 7_201), 7_200_000)
  const ageMs = lag.ageMs('ovn', 'nb', 7_200_000) ?? 0
  assert.ok(Math.abs(ageMs - 3_601_000) < 60_000, String(ageMs))
})
