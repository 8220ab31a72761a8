import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { addAttempt, conflictsOf, SILENCE_MS, TURN_MS, type Attempt, type Tenure } from '../../../testbed/overlap.ts'

/** A host's tries: `+` an accepted write, `-` a failed one, anything else none; one character is 10 ms, a try takes 1 ms. */
function tries (host: string, pattern: string, target = 'nb'): readonly Tenure[] {
  const attempts = [...pattern].flatMap((character, index): Attempt[] => '+-'.includes(character)
    ? [{ host, target, startMs: index * 10, endMs: index * 10 + 1, accepted: character === '+' }]
    : [])
  return attempts.reduce(addAttempt, [] as readonly Tenure[])
}

const write = (host: string, startMs: number, endMs: number): readonly Tenure[] => addAttempt([], { host, target: 'nb', startMs, endMs, accepted: true })

describe('the observer\'s judgement', () => {
  test('one host after the other is no conflict', () => {
    assert.deepEqual(conflictsOf([
      ...tries('a', '+++++-----'),
      ...tries('b', '-----+++++')
    ]), [])
  })

  test('two hosts that both accept are a conflict as long as it lasted', () => {
    const [conflict, ...more] = conflictsOf([
      ...tries('a', '++++++++++----'),
      ...tries('b', '-----+++++++++')
    ])
    assert.deepEqual(more, [])
    assert.deepEqual(conflict?.tenures.map(tenure => tenure.host), ['a', 'b'])
    // a served at 90 ms at least, b from 51 ms at the latest
    assert.equal(conflict?.overlapMs, 39)
  })

  test('a single write in the middle of another host\'s tenure is a conflict', () => {
    assert.equal(conflictsOf([
      ...tries('a', '++++++++++'),
      ...tries('b', '-----+----')
    ].map(tenure => tenure.host === 'b' ? shifted(tenure, 5) : tenure)).length, 1)
  })

  test('an active that comes back after a refusal, with another one between, is no conflict', () => {
    const away = '-'.repeat(TURN_MS / 10 + 2)
    assert.deepEqual(conflictsOf([
      ...tries('a', `+++${away}+++`),
      ...tries('b', `----+++++-${away}`)
    ]), [])
  })

  test('a refusal for a moment does not hide that a host served all along', () => {
    assert.equal(conflictsOf([
      ...tries('a', '++++-+++++'),
      ...tries('b', '---++-----')
    ]).length, 1)
  })

  test('a stopped host that answers one late write after its successor began is a conflict', () => {
    const pause = ' '.repeat(30)
    const [conflict] = conflictsOf([
      ...tries('a', `+++-${pause}${pause}+-`),
      ...tries('b', `---${'+'.repeat(60)}++++++`)
    ].map(tenure => tenure.host === 'a' ? shifted(tenure, 3) : tenure))
    assert.deepEqual(conflict?.tenures.map(tenure => tenure.host).toSorted(), ['a', 'b'])
  })

  test('a write whose execution may have been before the successor\'s first is no conflict', () => {
    assert.deepEqual(conflictsOf([...write('a', 100, 400), ...tries('b', `${' '.repeat(20)}++++++`)]), [])
    assert.deepEqual(conflictsOf([...write('a', 0, 10), ...write('b', 5, 6)]), [])
  })

  test('a first write that took long may have been executed after the predecessor\'s last, and is no conflict then', () => {
    const successor = addAttempt(write('b', 100, 400), { host: 'b', target: 'nb', startMs: 410, endMs: 411, accepted: true })
    assert.deepEqual(conflictsOf([...successor, ...write('a', 200, 201)]), [])
    assert.equal(conflictsOf([...successor, ...write('a', 401, 402)]).length, 1)
  })

  test('a short silence without a refusal does not end a tenure', () => {
    assert.equal(tries('a', `++${' '.repeat(TURN_MS / 10 + 10)}++`).length, 1)
  })

  test('the servers of one node move together: two nodes that serve one server each are a conflict', () => {
    assert.equal(conflictsOf([...tries('a', '+++++', 'nb'), ...tries('b', '+++++', 'sb')].map(tenure => tenure.host === 'b' ? shifted(tenure, 5) : tenure)).length, 1)
  })

  test('two servers of one host are no conflict', () => {
    assert.deepEqual(conflictsOf([...tries('a', '+++++', 'nb'), ...tries('a', '+++++', 'sb')]), [])
  })

  test('after a silence of the observer itself nothing is concluded about the time between', () => {
    const silence = ' '.repeat(SILENCE_MS / 10 + 10)
    assert.equal(tries('a', `++${silence}++`).length, 2)
    assert.deepEqual(conflictsOf([...tries('a', `++${silence}++`), ...tries('b', `${' '.repeat(20)}+++`)]), [])
  })

  test('writes in a row are one tenure that remembers its ends and their number', () => {
    assert.deepEqual(tries('a', ' +++-'), [{
      host: 'a',
      target: 'nb',
      first: { startMs: 10, endMs: 11 },
      last: { startMs: 30, endMs: 31 },
      writes: 3,
      interrupted: true
    }])
  })
})

function shifted (tenure: Tenure, byMs: number): Tenure {
  const shift = ({ startMs, endMs }: { startMs: number, endMs: number }) => ({ startMs: startMs + byMs, endMs: endMs + byMs })
  return { ...tenure, first: shift(tenure.first), last: shift(tenure.last) }
}
