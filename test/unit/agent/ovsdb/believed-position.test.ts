import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createBelievedPosition } from '../../../../agent/ovsdb/believed-position.ts'
import { createCopyStateFile } from '../../../../agent/ovsdb/copy-state.ts'
import type { RoleObservation } from '../../../../agent/ovsdb/role-control.ts'

const at = (sequence: number) => ({ term: 3, sequence, writer: 'n1' })

function backup (over: Partial<RoleObservation> = {}): RoleObservation {
  return { role: 'backup', source: 'tcp:10.0.0.1:16641', replication: 'replicating', sessions: 2, perDatabase: [], databases: [], remotes: [], ...over }
}

async function setUp (t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-belief-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const told: string[] = []
  const open = async () => {
    const file = createCopyStateFile(join(folder, 'copy.json'), 'nb')
    await file.load()
    const belief = createBelievedPosition({ server: 'nb', file, onHappening: kind => { told.push(kind) } })
    belief.load()
    return { file, belief }
  }
  return { open, told }
}

test('a doubt is told once, outlives the agent, and ends when every database is connected for two looks', async t => {
  const { open, told } = await setUp(t)
  const first = await open()
  for (const sequence of [4, 5]) first.belief.look(backup(), ['7', '8'], at(sequence))
  assert.deepEqual(first.belief.of(at(5)), at(5))
  for (const sequence of [20, 21]) first.belief.look(backup(), ['9'], at(sequence))
  assert.deepEqual(first.belief.of(at(21)), at(5))
  await first.file.flush()
  const { file, belief } = await open()
  assert.deepEqual(belief.of(at(21)), at(5))
  belief.look(backup(), ['9', '10'], at(22))
  assert.deepEqual(belief.of(at(22)), at(5))
  belief.look(backup(), ['9', '10'], at(23))
  assert.deepEqual(belief.of(at(23)), at(23))
  await file.flush()
  assert.equal('rowsUpTo' in (await open()).file.current(), false)
  assert.deepEqual(told, ['rowsInDoubt', 'rowsArrived'])
})

test('a server that names one database as still connecting proves nothing, however many connections it has', async t => {
  const { belief } = await (await setUp(t)).open()
  belief.look(backup(), ['7', '8'], at(5))
  for (const sequence of [6, 7, 8]) belief.look(backup({ replication: 'connecting' }), ['7', '8'], at(sequence))
  assert.deepEqual(belief.of(at(8)), at(5))
})

test('a server of one session for all databases needs one connection', async t => {
  const { belief } = await (await setUp(t)).open()
  for (const sequence of [5, 6]) belief.look(backup({ sessions: 1 }), ['7'], at(sequence))
  assert.deepEqual(belief.of(at(6)), at(6))
})

test('a copy that was seen whole ends the doubt, and so does a promotion', async t => {
  const { open } = await setUp(t)
  const { file, belief } = await open()
  belief.look(backup(), [], at(5))
  belief.look(backup(), [], at(9))
  assert.deepEqual(belief.of(at(9)), at(5))
  belief.forget()
  assert.deepEqual(belief.of(at(9)), at(9))
  await file.flush()
  assert.equal('rowsUpTo' in (await open()).file.current(), false)
})
