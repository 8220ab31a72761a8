import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

type Edits = Readonly<Record<string, unknown>>
const found = (edits: Edits) => problemsWith(edits).map(({ path, message }) => `${path}: ${message}`)
const warned = (edits: Edits) => warningsWith(edits).map(({ path, message }) => `${path}: ${message}`)

const timing = (edits: Edits) => Object.fromEntries(Object.entries(edits).map(([key, value]) => [`clusters.0.timing.${key}`, value]))

test('a renewal takes at most a third of the lease, also when one of the two is a default', () => {
  assert.deepEqual(found(timing({ lease: '3s', renewEvery: '1s' })), [])
  const [problem] = problemsWith(timing({ lease: '3s', renewEvery: '1001ms', suspectAfter: '2s' }))
  assert.deepEqual([problem?.path, problem?.value, problem?.allowed], ['clusters[0].timing.renewEvery', '1001ms', 'at most 1s'])
  assert.match(found(timing({ lease: '1s' })).join(), /^clusters\[0\]\.timing\.renewEvery: 500ms \(its default\) must be at most a third of lease \(1s\)/)
})

test('a node becomes suspect no sooner than after two reports and one renewal', () => {
  assert.match(found(timing({ reportEvery: '501ms' })).join(), /suspectAfter: 1s \(its default\) must be at least twice reportEvery \(501ms\)/)
  assert.match(found(timing({ lease: '6s', renewEvery: '2s' })).join(), /suspectAfter: .* must be at least renewEvery \(2s\)/)
  assert.deepEqual(found(timing({ reportEvery: '500ms', suspectAfter: '1s' })), [])
})

test('a hung server is given up no later than a busy one, and no sooner than it is probed', () => {
  assert.match(found(timing({ hungAfter: '5s', busyAfter: '4s' })).join(), /hungAfter: 5s must be at most busyAfter \(4s\)/)
  assert.match(found(timing({ probeEvery: '2s' })).join(), /hungAfter: 1s \(its default\) must be at least probeEvery \(2s\)/)
})

test('a promotion has time for one command, and an address without a service lingers no longer than a lease', () => {
  assert.match(found(timing({ promoteDeadline: '1s' })).join(), /promoteDeadline: 1s must be at least commandTimeout/)
  assert.match(found(timing({ endpointLinger: '3s' })).join(), /endpointLinger: 3s must be at most lease/)
})

test('a lease below half a second is refused by itself, and nothing is judged by it', () => {
  assert.deepEqual(found(timing({ lease: '499ms' })), ['clusters[0].timing.lease: is out of range'])
})

test('a duration without unit, or that is none, is told with what is allowed', () => {
  assert.deepEqual(found(timing({ lease: 2, hungAfter: 'soon', maxLag: -1 })), [
    'clusters[0].timing.lease: has the wrong type (number)',
    'clusters[0].timing.hungAfter: does not have the allowed form',
    'clusters[0].timing.maxLag: is too small'
  ])
  assert.match(problemsWith(timing({ lease: 2 }))[0]?.allowed ?? '', /a duration with its unit.*from 500ms to 10m/)
})

test('sound timing has no warning either', () => {
  assert.deepEqual(warned(timing({ lease: '10s', renewEvery: '2s', suspectAfter: '4s' })), [])
})
