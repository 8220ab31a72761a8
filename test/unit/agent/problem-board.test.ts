import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createProblemBoard } from '../../../agent/problem-board.ts'

describe('the board of problems', () => {
  test('lists them by code, whoever came first: what people read does not depend on chance', () => {
    const board = createProblemBoard()
    for (const code of ['heartbeat', 'announcer', 'guard']) board.set(code, `${code} fails`)
    board.set('announcer', null)
    board.set('announcer', 'announcer fails again')
    assert.deepEqual(board.list().map(({ code }) => code), ['announcer', 'guard', 'heartbeat'])
  })

  test('tells listeners what began, changed and ended, and nothing when it is told the same again', () => {
    const board = createProblemBoard()
    const heard: unknown[] = []
    board.onChange((...change) => heard.push(change))
    for (const message of [null, 'a', 'a', 'b', null, null]) board.set('guard', message)
    assert.deepEqual(heard, [['guard', 'a', null], ['guard', 'b', 'a'], ['guard', null, 'b']])
    assert.deepEqual(board.list(), [])
  })
})
