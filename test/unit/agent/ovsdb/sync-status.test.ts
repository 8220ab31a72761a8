import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { foldSync } from '../../../../agent/ovsdb/role-observation.ts'
import { parseSyncStatus, type DatabaseSync } from '../../../../agent/ovsdb/sync-status.ts'

const A = 'tcp:127.0.1.1:7001'
const PH = 'tcp:192.0.2.254:6641'
const NB = 'OVN_Northbound'
const SB = 'OVN_Southbound'

function sync (database: string | null, state: DatabaseSync['state'], source: string | null = null, replication: DatabaseSync['replication'] = 'none'): DatabaseSync {
  return { database, state, source, replication }
}
const unknown = sync(null, 'unknown')

/** The exact texts of ovsdb-server 3.1.0 and 3.5.0 (FACTS R 6, E). */
const TEXTS: ReadonlyArray<{ readonly what: string, readonly text: string, readonly entries: readonly DatabaseSync[] }> = [
  { what: 'active; 3.5 without a source ever', text: 'state: active\n', entries: [sync(null, 'active')] },
  { what: '3.5 active that had a source', text: `database: ${NB}\nstate: active\n\n`, entries: [sync(NB, 'active')] },
  { what: '3.1 backup connecting', text: `state: backup\nconnecting: ${PH}\n`, entries: [sync(null, 'backup', PH, 'connecting')] },
  { what: '3.5 backup connecting', text: `database: ${NB}\nstate: backup\nconnecting: ${PH}\n`, entries: [sync(NB, 'backup', PH, 'connecting')] },
  {
    what: '3.1 backup complete: the listed databases are, others are not',
    text: `state: backup\nreplicating: ${A}\ndatabase: ${NB}, ${SB}\n`,
    entries: [sync(NB, 'backup', A, 'replicating'), sync(SB, 'backup', A, 'replicating'), sync(null, 'backup', A, 'connecting')]
  },
  { what: '3.5 backup complete', text: `database: ${NB}\nstate: backup\nreplicating: ${A}\n\n`, entries: [sync(NB, 'backup', A, 'replicating')] },
  {
    what: '3.1 with an exclusion',
    text: `state: backup\nreplicating: ${A}\ndatabase: ${NB}\nexclude: ${NB}:Connection,${NB}:SSL\n`,
    entries: [sync(NB, 'backup', A, 'replicating'), sync(null, 'backup', A, 'connecting')]
  },
  { what: '3.5 with an exclusion', text: `database: ${NB}\nstate: backup\nreplicating: ${A}\nexclude: ${NB}:Connection,${NB}:SSL\n`, entries: [sync(NB, 'backup', A, 'replicating')] },
  {
    what: '3.5 with mixed roles',
    text: `database: HB\nstate: backup\nconnecting: ${PH}\ndatabase: ${NB}\nstate: active\n\n`,
    entries: [sync('HB', 'backup', PH, 'connecting'), sync(NB, 'active')]
  },
  {
    what: '3.5 with two databases of which one is complete',
    text: `database: ${NB}\nstate: backup\nreplicating: ${A}\n\ndatabase: ${SB}\nstate: backup\nconnecting: ${A}\n`,
    entries: [sync(NB, 'backup', A, 'replicating'), sync(SB, 'backup', A, 'connecting')]
  },
  { what: 'an empty text', text: '', entries: [unknown] },
  { what: 'other words', text: 'all is well\n', entries: [unknown] },
  { what: 'a state that does not exist', text: 'state: leader\n', entries: [unknown] },
  { what: 'a line that does not belong', text: 'state: active\nerror: disk on fire\n', entries: [unknown] },
  { what: 'a backup without a word on its source', text: 'state: backup\n', entries: [sync(null, 'backup')] },
  { what: 'one block that makes no sense beside one that does', text: `database: ${NB}\nhm\ndatabase: ${SB}\nstate: active\n`, entries: [sync(NB, 'unknown'), sync(SB, 'active')] }
]

describe('sync-status', () => {
  for (const { what, text, entries } of TEXTS) {
    test(`reads: ${what}`, () => assert.deepEqual(parseSyncStatus(text), entries))
  }
})

describe('the role of a server', () => {
  test('is active or backup only when every database says so', () => {
    assert.equal(foldSync([sync(null, 'active')], [NB, SB]).role, 'active')
    assert.equal(foldSync([sync(NB, 'active'), sync(SB, 'backup', A, 'connecting')], [NB, SB]).role, 'unknown')
    assert.equal(foldSync([sync(NB, 'active')], [NB, SB]).role, 'unknown', 'one database is not mentioned')
    assert.equal(foldSync([sync(NB, 'backup', A, 'connecting')], []).role, 'unknown', 'a server without databases has no role')
  })

  test('replicates only when every database does (3.1 leaves the missing one out of its list)', () => {
    const entries = parseSyncStatus(`state: backup\nreplicating: ${A}\ndatabase: ${NB}\n`)
    assert.deepEqual([foldSync(entries, [NB]).replication, foldSync(entries, [NB, SB]).replication], ['replicating', 'connecting'])
    assert.equal(foldSync(entries, [NB, SB]).source, A)
  })

  test('has one session for all databases up to 3.2, and one for each from 3.3 on', () => {
    const sessionsOf = (text: string) => foldSync(parseSyncStatus(text), [NB, SB]).sessions
    assert.equal(sessionsOf(`state: backup\nreplicating: ${A}\ndatabase: ${NB}, ${SB}\n`), 1)
    assert.equal(sessionsOf(`database: ${NB}\nstate: backup\nreplicating: ${A}\ndatabase: ${SB}\nstate: backup\nreplicating: ${A}\n\n`), 2)
  })

  test('has no source on the placeholder, and none when the databases differ', () => {
    assert.equal(foldSync([sync(null, 'backup', PH, 'connecting')], [NB]).source, null)
    assert.equal(foldSync([sync(NB, 'backup', PH, 'connecting'), sync(SB, 'backup', A, 'connecting')], [NB, SB]).source, null)
  })
})
