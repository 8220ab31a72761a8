import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acceptRelease, acceptTerm, EMPTY_RECORD, grantLease, restartVoter, type VoterConfig, type VoterState, runningGrants } from '../../../../agent/core/voter.ts'
import { leaseRequest, releaseRequest, termRequest, voterRecord, VOTERS } from '../../../fixtures.ts'

const config: VoterConfig = { name: 'n9', stillRenewingMs: 1_900, longestHoldMs: 2_100 }

/** Knows term 4 of n1; granted it a lease at 0 ms that it holds until 2100, unless told otherwise. */
function voter (changes: Partial<VoterState> = {}): VoterState {
  return { record: voterRecord(), grants: [{ holder: 'n1', term: 4, untilMs: 2_100, renewedAtMs: 0, sequence: 0 }], ...changes }
}

describe('terms (S1)', () => {
  test('a higher term is accepted, stored before the answer, and comes with every grant that still runs (S1, S3)', () => {
    const { voter: next, reply, persist } = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 600)
    assert.deepEqual(reply, { ok: true, grants: [{ holder: 'n1', term: 4, remainingMs: 1_500, renewedAgoMs: 600 }] })
    assert.equal(persist, true)
    assert.equal(next.record.term, 5)
    assert.equal(next.record.holder, 'n2')
    assert.deepEqual(next.record.previous, { holder: 'n1', term: 4 })
    assert.equal(next.record.clear, false)
  })

  test('who served before one that may have served is kept, until somebody certainly did (S6)', () => {
    const later = (before: VoterState, term: number, holder: string): VoterState => {
      const granted: VoterState = { ...before, grants: [{ holder: before.record.holder, term: before.record.term, untilMs: 0, renewedAtMs: null, sequence: 0 }] }
      return acceptTerm(config, granted, termRequest({ term, holder, reason: 'switchover' }), 9_000).voter
    }
    const sixth = later(later(voter(), 5, 'n1'), 6, 'n2')
    assert.deepEqual([sixth.record.previous, sixth.record.earlier], [{ holder: 'n1', term: 5 }, [{ holder: 'n1', term: 4 }]])
    const seventh = acceptTerm(config, { ...sixth, grants: [{ holder: 'n2', term: 6, untilMs: 0, renewedAtMs: null, sequence: 3 }] }, termRequest({ term: 7, holder: 'n3', reason: 'switchover' }), 9_000).voter
    assert.deepEqual([seventh.record.previous, seventh.record.earlier], [{ holder: 'n2', term: 6 }, []])
    const told = acceptRelease({ ...sixth, grants: [] }, releaseRequest({ term: 6, holder: 'n2', served: true }), 9_000).voter
    assert.deepEqual(acceptTerm(config, told, termRequest({ term: 7, holder: 'n3', reason: 'released' }), 9_000).voter.record.earlier, [])
    // nobody was granted anything in term 8
    const ninth = acceptTerm(config, later(seventh, 8, 'n1'), termRequest({ term: 9, holder: 'n2', reason: 'switchover' }), 9_000).voter
    assert.deepEqual([ninth.record.previous, ninth.record.earlier], [{ holder: 'n3', term: 7 }, [{ holder: 'n2', term: 6 }]])
    let many = seventh
    for (let term = 8; term < 40; term++) many = later(many, term, term % 2 === 0 ? 'n1' : 'n2')
    assert.deepEqual([many.record.earlier?.length, many.record.earlier?.[0]?.term, many.record.earlier?.at(-1)?.term], [16, 37, 6], 'the newest and the last certain one')
  })

  test('a lower term is refused, and the answer names the current one (S1)', () => {
    const { voter: next, reply, persist } = acceptTerm(config, voter(), termRequest({ term: 3 }), 600)
    assert.deepEqual(reply, { ok: false, refusal: 'olderTerm', term: 4, holder: 'n1', remainingMs: 0, voters: VOTERS })
    assert.equal(persist, false)
    assert.deepEqual(next, voter())
  })

  test('one term has one holder and one controller: asked again by anybody else it is taken (S1)', () => {
    const accepted = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 600).voter
    for (const other of [termRequest({ holder: 'n3' }), termRequest({ controller: 'ctl-b' })]) {
      const { voter: next, reply } = acceptTerm(config, accepted, other, 610)
      assert.equal(reply.ok === false && reply.refusal, 'termTaken')
      assert.deepEqual(next, accepted)
    }
  })

  test('the same request again is answered the same and changes nothing (S1)', () => {
    const request = termRequest({ reason: 'switchover' })
    const accepted = acceptTerm(config, voter(), request, 600).voter
    const again = acceptTerm(config, accepted, request, 600)
    assert.deepEqual(again.reply, { ok: true, grants: [{ holder: 'n1', term: 4, remainingMs: 1_500, renewedAgoMs: 600 }] })
    assert.equal(again.persist, false)
    assert.deepEqual(again.voter, accepted)
  })

  test('a term is not given twice after its holder released it, not even to the same holder (S1, S2)', () => {
    const released = voter({ record: voterRecord({ holder: 'n2', released: { served: false } }), grants: [] })
    const { reply } = acceptTerm(config, released, termRequest({ term: 4 }), 600)
    assert.equal(reply.ok === false && reply.refusal, 'termTaken')
  })

  test('a term asked for because the holder is thought lost is refused while this voter sees it renew (S1)', () => {
    const { voter: next, reply, persist } = acceptTerm(config, voter(), termRequest({ reason: 'lost' }), 1_899)
    assert.deepEqual(reply, { ok: false, refusal: 'stillRenewing', term: 4, holder: 'n1', remainingMs: 201, voters: VOTERS })
    assert.equal(persist, false)
    assert.equal(next.record.term, 4)
  })

  test('a term asked for because the holder is thought lost is accepted when it renewed too long ago, with the rest of its grant (S1, S3)', () => {
    const { reply } = acceptTerm(config, voter(), termRequest({ reason: 'lost' }), 1_900)
    assert.deepEqual(reply, { ok: true, grants: [{ holder: 'n1', term: 4, remainingMs: 200, renewedAgoMs: 1_900 }] })
  })

  for (const reason of ['released', 'switchover', 'forced', 'firstStart'] as const) {
    test(`a term asked for with reason ${reason} is not refused because the holder renews: its grant is waited for (S1, S3)`, () => {
      assert.equal(acceptTerm(config, voter(), termRequest({ reason }), 100).reply.ok, true)
    })
  }

  test('a released or fenced grant is left out, every other one is told (S3)', () => {
    const two = voter({ grants: [...voter().grants, { holder: 'n3', term: 3, untilMs: 900, renewedAtMs: null, sequence: 0 }] })
    const { reply } = acceptTerm(config, two, termRequest({ reason: 'released', leaveOut: [{ holder: 'n1', term: 4, why: 'released' }] }), 100)
    assert.deepEqual(reply, { ok: true, grants: [{ holder: 'n3', term: 3, remainingMs: 800, renewedAgoMs: Number.MAX_SAFE_INTEGER }] })
  })

  test('a grant of another term than the released one is not left out: a release counts for that very term (S3)', () => {
    const { reply } = acceptTerm(config, voter(), termRequest({ reason: 'released', leaveOut: [{ holder: 'n1', term: 3, why: 'released' }] }), 100)
    assert.equal(reply.ok && reply.grants.length, 1)
  })

  test('the last term in which somebody may have served outlives a term that was given back unserved (S6)', () => {
    const taken = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 100).voter
    const given = acceptRelease(taken, releaseRequest({ term: 5, holder: 'n2', served: false }), 200).voter
    const next = acceptTerm(config, given, termRequest({ term: 6, holder: 'n3', reason: 'released' }), 300).voter
    assert.deepEqual(next.record.previous, { holder: 'n1', term: 4 })
  })

  test('how far the last holder came that told it outlives later terms in which nobody was heard, and restarts (S6)', () => {
    const told = grantLease(config, voter(), leaseRequest({ sequence: 17 }), 500).voter
    const taken = acceptTerm(config, told, termRequest({ reason: 'switchover' }), 600).voter
    assert.deepEqual(taken.record.heard, { holder: 'n1', term: 4, sequence: 17 })
    const granted = grantLease(config, restartVoter(config, taken.record, 1_000), leaseRequest({ term: 5, holder: 'n2', sequence: 0 }), 9_000).voter
    const next = acceptTerm(config, granted, termRequest({ term: 6, holder: 'n3', reason: 'released' }), 20_000).voter
    assert.deepEqual(next.record.previous, { holder: 'n2', term: 5 })
    assert.deepEqual(next.record.heard, { holder: 'n1', term: 4, sequence: 17 })
  })
})

describe('leases (S2)', () => {
  test('the holder of the term is granted a hold from the moment of the answer (S2)', () => {
    const { voter: next, reply, persist } = grantLease(config, voter(), leaseRequest(), 500)
    assert.deepEqual(reply, { ok: true })
    assert.equal(persist, false)
    assert.deepEqual(next.grants, [{ holder: 'n1', term: 4, untilMs: 2_600, renewedAtMs: 500, sequence: 0 }])
  })

  test('a voter that accepted a higher term grants no lower one (S2)', () => {
    const accepted = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 100).voter
    const { voter: next, reply } = grantLease(config, accepted, leaseRequest(), 200)
    assert.deepEqual(reply, { ok: false, refusal: 'olderTerm', term: 5, holder: 'n2', remainingMs: 0, voters: VOTERS })
    assert.deepEqual(next, accepted)
  })

  test('one term is granted to one holder (S2)', () => {
    const { reply } = grantLease(config, voter(), leaseRequest({ holder: 'n2' }), 100)
    assert.equal(reply.ok === false && reply.refusal, 'termTaken')
  })

  test('the next holder is granted nothing while an earlier grant runs, and is told how long (S2, S3)', () => {
    const accepted = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 100).voter
    const { voter: next, reply } = grantLease(config, accepted, leaseRequest({ term: 5, holder: 'n2' }), 600)
    assert.deepEqual(reply, { ok: false, refusal: 'otherGrantRuns', term: 5, holder: 'n2', remainingMs: 1_500, voters: VOTERS })
    assert.deepEqual(next.grants, voter().grants)
    assert.deepEqual(grantLease(config, next, leaseRequest({ term: 5, holder: 'n2' }), 2_100).reply, { ok: true })
  })

  test('the next holder is granted at once when the earlier grant is proved over (S3)', () => {
    const accepted = acceptTerm(config, voter(), termRequest({ reason: 'switchover' }), 100).voter
    const { reply } = grantLease(config, accepted, leaseRequest({ term: 5, holder: 'n2', leaveOut: [{ holder: 'n1', term: 4, why: 'released' }] }), 200)
    assert.deepEqual(reply, { ok: true })
  })

  test('a voter that missed the vote learns the term from its holder, and stores it before it grants (S1, S2)', () => {
    const { voter: next, reply, persist } = grantLease(config, voter({ grants: [] }), leaseRequest({ term: 5, holder: 'n2' }), 3_000)
    assert.deepEqual(reply, { ok: true })
    assert.equal(persist, true)
    assert.equal(next.record.term, 5)
    assert.equal(next.record.holder, 'n2')
  })

  test('a voter that learns the term from its holder while an earlier grant runs stores that such a grant ran (S3)', () => {
    const { voter: next, persist } = grantLease(config, voter(), leaseRequest({ term: 5, holder: 'n2' }), 100)
    assert.equal(persist, true)
    assert.equal(next.record.clear, false)
    assert.equal(next.grants.length, 1)
  })
})

describe('releases (S2)', () => {
  test('a release ends the grant at once and is stored (S2)', () => {
    const { voter: next, persist } = acceptRelease(voter(), releaseRequest(), 100)
    assert.equal(persist, true)
    assert.deepEqual(next.record, voterRecord({ released: { served: true } }))
    assert.deepEqual(runningGrants(next, [], 100), [])
    assert.equal(next.grants[0]?.sequence, voter().grants[0]?.sequence, 'how far its holder came is remembered (S6)')
  })

  test('a release is final for its term: the holder is not granted again, also after a restart of the voter (S2)', () => {
    const { record } = acceptRelease(voter(), releaseRequest(), 100).voter
    for (const state of [{ record, grants: [] }, restartVoter(config, record, 200)]) {
      const { reply } = grantLease(config, state, leaseRequest(), 300)
      assert.deepEqual(reply, { ok: false, refusal: 'released', term: 4, holder: 'n1', remainingMs: 0, voters: VOTERS })
    }
  })

  test('a release of a term that this voter never heard of is adopted and final (S2)', () => {
    const { voter: next, persist } = acceptRelease({ record: EMPTY_RECORD, grants: [] }, releaseRequest(), 100)
    assert.equal(persist, true)
    const { reply } = grantLease(config, next, leaseRequest(), 200)
    assert.equal(reply.ok === false && reply.refusal, 'released')
  })

  test('a repeated release, a late one of an older term, and one in a stranger\'s name change nothing (S2)', () => {
    const released = acceptRelease(voter(), releaseRequest(), 100).voter
    for (const request of [releaseRequest(), releaseRequest({ served: false }), releaseRequest({ term: 3 }), releaseRequest({ holder: 'n2' })]) {
      const { voter: next, persist } = acceptRelease(released, request, 200)
      assert.equal(persist, false)
      assert.deepEqual(next, released)
    }
    assert.deepEqual(acceptRelease(voter(), releaseRequest({ holder: 'n2' }), 100).voter, voter())
  })

  test('a late release of an older term does not touch the grant of the newer one (S2)', () => {
    const newer = voter({ record: voterRecord({ term: 5 }), grants: [{ holder: 'n1', term: 5, untilMs: 2_100, renewedAtMs: 0, sequence: 0 }] })
    assert.deepEqual(acceptRelease(newer, releaseRequest({ term: 4 }), 100).voter, newer)
  })
})

describe('restart of the voter (S1, S3)', () => {
  test('the highest term is remembered: a lower one is refused after a restart (S1)', () => {
    const { reply } = acceptTerm(config, restartVoter(config, voterRecord(), 0), termRequest({ term: 3 }), 1)
    assert.equal(reply.ok === false && reply.refusal, 'olderTerm')
  })

  test('a voter that restarted says a full hold for the holder it may have granted (S3)', () => {
    const { reply } = acceptTerm(config, restartVoter(config, voterRecord(), 1_000), termRequest({ reason: 'lost' }), 1_100)
    assert.deepEqual(reply, { ok: true, grants: [{ holder: 'n1', term: 4, remainingMs: 2_000, renewedAgoMs: Number.MAX_SAFE_INTEGER }] })
  })

  test('a voter that accepted a term while an earlier grant ran assumes after a restart that an unknown holder may still serve (S3)', () => {
    const restarted = restartVoter(config, voterRecord({ clear: false }), 1_000)
    const leaveOut = [{ holder: 'n1', term: 4, why: 'released' as const }]
    const { reply } = acceptTerm(config, restarted, termRequest({ reason: 'released', leaveOut }), 1_100)
    assert.deepEqual(reply, { ok: true, grants: [{ holder: null, term: 4, remainingMs: 2_000, renewedAgoMs: Number.MAX_SAFE_INTEGER }] })
  })

  test('a voter that restarted grants the next holder nothing before a full hold has passed (S3)', () => {
    const restarted = restartVoter(config, voterRecord({ clear: false }), 0)
    assert.equal(grantLease(config, restarted, leaseRequest({ term: 5, holder: 'n2' }), 2_099).reply.ok, false)
    assert.equal(grantLease(config, restarted, leaseRequest({ term: 5, holder: 'n2' }), 2_100).reply.ok, true)
  })

  test('a voter that restarted still grants the holder of its own term', () => {
    assert.deepEqual(grantLease(config, restartVoter(config, voterRecord(), 0), leaseRequest(), 1).reply, { ok: true })
  })

  test('a voter whose term was released, with nothing running at the time, has nothing to wait for after a restart', () => {
    assert.deepEqual(restartVoter(config, voterRecord({ released: { served: true } }), 0).grants, [])
  })
})
