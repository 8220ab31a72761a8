import assert from 'node:assert/strict'
import { test } from 'node:test'
import { believePosition, isDoubtful, type PositionBelief, type PositionSight } from '../../../protocol/position-belief.ts'

const at = (sequence: number, term = 3) => ({ term, sequence, writer: 'n1' })
const look = (connections: string | null, sequence: number, term = 3): PositionSight => ({ role: 'backup', connections, position: at(sequence, term) })

/** What is believed after each of these looks. */
function sequences (sights: readonly PositionSight[], from: PositionBelief = null): ReadonlyArray<number | null> {
  let belief = from
  return sights.map(sight => {
    belief = believePosition(belief, sight)
    return (belief === null ? sight.position : belief.position)?.sequence ?? null
  })
}

const PROVEN: PositionBelief = { connections: '7 8', proven: true, position: at(20) }

test('while every database stays connected each heartbeat counts', () => {
  assert.deepEqual(sequences([look('7 8', 21), look('7 8', 24), look('7 8', 40)], PROVEN), [21, 24, 40])
})

test('heartbeats that come again before the other databases do count for nothing', () => {
  assert.deepEqual(sequences([look(null, 20), look(null, 60), look(null, 61)], PROVEN), [20, 20, 20])
})

test('new connections are believed at the second look: the first may have asked before they were noticed', () => {
  assert.deepEqual(sequences([look('9 10', 60), look('9 10', 61)], PROVEN), [20, 61])
  assert.deepEqual(sequences([look('9 10', 60), look('9 11', 61), look('9 11', 62)], PROVEN), [20, 20, 62])
})

test('one heartbeat may have come between the last look and the end of the source, and no more', () => {
  assert.deepEqual(sequences([look(null, 21), look(null, 22), look(null, 23)], PROVEN), [21, 21, 21])
  assert.deepEqual(sequences([look(null, 22)], PROVEN), [20])
  assert.deepEqual(sequences([look(null, 20), look(null, 21)], PROVEN), [20, 20], 'only in the first look after it')
  assert.deepEqual(sequences([look(null, 21, 4)], PROVEN), [20], 'not in another term')
})

test('an agent that has just started believes what it finds, and from then on only what is proved', () => {
  assert.deepEqual(sequences([look(null, 5), look(null, 6), look('1 2', 9), look('1 2', 10)]), [5, 5, 5, 10])
})

test('a file that holds less than was believed is as old as it says', () => {
  assert.deepEqual(sequences([look(null, 12), look(null, 13)], PROVEN), [12, 12])
})

test('what an active holds is not in doubt', () => {
  assert.equal(believePosition(PROVEN, { role: 'active', connections: null, position: at(99) }), null)
})

test('a doubt is a heartbeat newer than what is believed', () => {
  assert.equal(isDoubtful(null, at(4)), false)
  assert.equal(isDoubtful(PROVEN, at(20)), false)
  assert.equal(isDoubtful(PROVEN, at(21)), true)
  assert.equal(isDoubtful({ connections: null, proven: false, position: null }, at(1)), true)
})
