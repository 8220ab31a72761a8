import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countGrant, countLostVoter, holdMsOf, isHeld, isHopeless, newLease, postponeRound, startRound, type Lease } from '../../../../agent/core/lease.ts'
import { VOTERS } from '../../../fixtures.ts'

const config = { leaseMs: 2_000, renewEveryMs: 500 }

/** Asked in round 1 at 1000 ms. */
function asked (): Lease {
  return startRound(config, newLease(4, [], 1_000), 1, VOTERS, 1_000)
}

/** Held until 3000 ms. */
function held (): Lease {
  return countGrant(config, countGrant(config, asked(), 1, 'n1'), 1, 'n2')
}

test('one grant of three is no lease, a majority is one (S2)', () => {
  const one = countGrant(config, asked(), 1, 'n1')
  assert.equal(isHeld(one, 1_001), false)
  assert.equal(isHeld(countGrant(config, one, 1, 'n2'), 1_001), true)
})

test('the same voter counts once, however often its answer arrives (S2)', () => {
  const one = countGrant(config, asked(), 1, 'n2')
  const again = countGrant(config, one, 1, 'n2')
  assert.equal(again, one)
  assert.equal(isHeld(again, 1_001), false)
})

test('a lease counts from the moment its round was sent, not from the answer (S2)', () => {
  assert.equal(held().untilMs, 3_000)
  assert.equal(isHeld(held(), 2_999), true)
  assert.equal(isHeld(held(), 3_000), false)
})

test('however long the lease, the hold of a voter outlasts lease and slack although its clock is one percent faster (S3)', () => {
  for (const [leaseMs, slackMs] of [[500, 50], [2_000, 50], [2_000, 2_000], [600_000, 50]] as const) {
    const trueHoldMs = holdMsOf(leaseMs, slackMs) / 1.01
    assert.ok(trueHoldMs >= leaseMs + slackMs, `${trueHoldMs} ms`)
  }
})

test('grants of different rounds do not add up to a majority (S2)', () => {
  const second = startRound(config, countGrant(config, asked(), 1, 'n1'), 2, VOTERS, 1_500)
  assert.equal(isHeld(countGrant(config, second, 2, 'n2'), 1_501), false)
})

test('a late answer to an earlier round never takes time away (S2)', () => {
  const renewed = countGrant(config, countGrant(config, startRound(config, held(), 2, VOTERS, 1_500), 2, 'n1'), 2, 'n3')
  assert.equal(renewed.untilMs, 3_500)
  assert.equal(countGrant(config, renewed, 1, 'n3').untilMs, 3_500)
})

test('an answer to a round that was forgotten changes nothing (S2)', () => {
  let lease = asked()
  for (const id of [2, 3, 4, 5]) lease = startRound(config, lease, id, VOTERS, 1_000 + id)
  assert.equal(countGrant(config, lease, 1, 'n1'), lease)
  assert.equal(lease.rounds.length, 4)
})

test('a majority of voters that can never grant this term again makes it hopeless; fewer do not (S2)', () => {
  const one = countLostVoter(asked(), 1, 'n1')
  assert.equal(isHopeless(one), false)
  assert.equal(isHopeless(countLostVoter(one, 1, 'n1')), false)
  assert.equal(isHopeless(countLostVoter(one, 1, 'n2')), true)
})

test('a lease not yet held is asked for quickly, a held one at the pace of renewals', () => {
  assert.equal(asked().nextRoundAtMs, 1_050)
  assert.equal(held().nextRoundAtMs, 1_500)
  assert.equal(startRound(config, held(), 2, VOTERS, 1_500).nextRoundAtMs, 2_000)
})

test('a voter that waits for an earlier grant is asked again when it ends, at most a second later; a held lease keeps its pace', () => {
  assert.equal(postponeRound(asked(), 1_000, 300).nextRoundAtMs, 1_300)
  assert.equal(postponeRound(asked(), 1_000, 60_000).nextRoundAtMs, 2_000)
  assert.deepEqual(postponeRound(held(), 1_000, 900), held())
})
