import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { createRecorder } from '../../../controller/recorder.ts'
import { happening } from '../../fixtures.ts'

function witness (nowMs: () => number = () => 0) {
  const written: string[] = []
  const logged: string[] = []
  const recorder = createRecorder({
    cluster: 'ovn',
    log: pino({ level: 'info' }, { write: (line: string) => { logged.push((JSON.parse(line) as { readonly msg: string }).msg) } }),
    journal: { write: ({ message }) => { written.push(message) } },
    nowMs
  })
  return {
    written,
    logged,
    recorder,
    /** One entry of each kind. */
    tell (name: string) {
      recorder.concluded('k', 'info', null, `${name} conclusion`, {})
      recorder.own('k', 'info', null, `${name} own`, {})
      recorder.heard(happening({ message: `${name} heard` }), 'info')
    }
  }
}

const all = (name: string): readonly string[] => ['conclusion', 'own', 'heard'].map(what => `${name} ${what}`)

test('a leader writes everything at once, and who follows nothing but its log', () => {
  const { written, logged, recorder, tell } = witness()
  tell('before')
  assert.deepEqual(written, [])
  recorder.gained()
  written.length = 0
  tell('leading')
  assert.deepEqual(written, all('leading'))
  recorder.lost()
  recorder.following()
  tell('following')
  assert.deepEqual(written, all('leading'))
  assert.equal(logged.length, 9)
})

test('a new leader writes what agents told just before, once: who led then may have died first; what is older was written long ago', () => {
  let nowMs = 0
  const { written, recorder, tell } = witness(() => nowMs)
  tell('old')
  nowMs = 30_000
  tell('new')
  nowMs = 30_001
  recorder.gained()
  assert.deepEqual(written, ['new heard'])
  recorder.lost()
  recorder.following()
  recorder.gained()
  assert.deepEqual(written, ['new heard'])
})

test('what is remembered of what another leader was told is bounded', () => {
  const { written, recorder } = witness()
  for (let sequence = 1; sequence <= 501; sequence++) recorder.heard(happening({ sequence, message: String(sequence) }), 'info')
  recorder.gained()
  assert.deepEqual([written.length, written[0]], [500, '2'])
})

test('who does not know who leads now holds what it tells, in its order: all of it is written when it leads again', () => {
  const { written, recorder, tell } = witness()
  recorder.gained()
  recorder.lost()
  tell('between')
  assert.deepEqual(written, [])
  recorder.gained()
  assert.deepEqual(written, all('between'))
  recorder.gained()
  assert.deepEqual(written, all('between'), 'once')
})

test('where another one leads by then, what agents told and what only this controller knows is written, and no conclusion: the other has come to it too', () => {
  for (const over of ['following', 'end'] as const) {
    const { written, recorder, tell } = witness()
    recorder.gained()
    recorder.lost()
    tell('between')
    recorder[over]()
    assert.deepEqual(written, ['between own', 'between heard'], over)
  }
})

test('who never led has nothing to write, whoever leads', () => {
  const { written, recorder, tell } = witness()
  recorder.lost()
  tell('never')
  recorder.following()
  recorder.end()
  assert.deepEqual(written, [])
})

test('what is held is bounded: the oldest goes, and the log says so', () => {
  const { written, logged, recorder } = witness()
  recorder.gained()
  recorder.lost()
  for (let number = 1; number <= 2_001; number++) recorder.own('k', 'info', null, String(number), {})
  recorder.following()
  assert.deepEqual([written.length, written[0]], [2_000, '2'])
  assert.equal(logged.filter(line => line.includes('was dropped')).length, 1)
})
