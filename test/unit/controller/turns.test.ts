import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from '../../../controller/turns.ts'

function listen () {
  const heard: string[] = []
  return { heard, to: (cluster: string) => (turn: string) => { heard.push(`${cluster} ${turn}`) } }
}

test('a turn is answered at once, and one that is waited for comes when another is given back', t => {
  const turns = createTurns({ atOnce: 1 })
  t.after(() => turns.stop())
  const { heard, to } = listen()
  turns.ask('a', to('a'))
  turns.ask('b', to('b'))
  turns.ask('c', to('c'))
  assert.deepEqual(heard, ['a granted', 'b waiting', 'c waiting'])
  turns.giveBack('b')
  turns.giveBack('a')
  assert.deepEqual(heard.slice(3), ['c granted'])
})

test('a turn comes by itself after the longest wait, whoever does not end', async t => {
  const turns = createTurns({ atOnce: 1, waitMaxMs: 20 })
  t.after(() => turns.stop())
  const { heard, to } = listen()
  const granted = Promise.withResolvers<string>()
  turns.ask('a', to('a'))
  turns.ask('b', turn => { if (turn === 'granted') granted.resolve(turn) })
  assert.equal(await granted.promise, 'granted')
  assert.deepEqual(heard, ['a granted'])
})

test('a change that begins and ends within the answer leaves the turn to the next', t => {
  const turns = createTurns({ atOnce: 1 })
  t.after(() => turns.stop())
  const { heard, to } = listen()
  turns.ask('a', to('a'))
  turns.ask('b', turn => {
    to('b')(turn)
    if (turn === 'granted') turns.giveBack('b')
  })
  turns.ask('c', to('c'))
  turns.giveBack('a')
  assert.deepEqual(heard, ['a granted', 'b waiting', 'c waiting', 'b granted', 'c granted'])
})
