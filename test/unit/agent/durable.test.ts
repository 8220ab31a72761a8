import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createDurableFile, type DurableFile } from '../../../agent/durable.ts'
import { durableState, NEW_VOTER } from '../../fixtures.ts'

const STATE = durableState({ clear: false, released: { served: true }, previous: { holder: 'n2', term: 3 }, heard: { holder: 'n2', term: 3, sequence: 9 } }, { term: 4, served: true })

/** A file in a directory of its own that is gone after the test. */
async function fileFor (t: TestContext): Promise<DurableFile> {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-durable-'))
  t.after(() => rm(directory, { recursive: true }))
  return createDurableFile(directory, 'ovn')
}

async function problemOf (file: DurableFile, text: string): Promise<string> {
  await mkdir(dirname(file.path), { recursive: true })
  await writeFile(file.path, text)
  const restored = await file.load()
  assert.ok('problem' in restored, 'it was taken for sound')
  return restored.problem
}

function withChecksum (state: unknown): string {
  return JSON.stringify({ checksum: createHash('sha256').update(JSON.stringify(state)).digest('hex'), state })
}

test('a missing file is a new voter', async t => {
  const file = await fileFor(t)
  assert.deepEqual(await file.load(), NEW_VOTER)
})

test('what was stored is found again, all of it (S1, S2)', async t => {
  const file = await fileFor(t)
  await file.store(durableState())
  await file.store(STATE)
  assert.deepEqual(await file.load(), STATE)
})

test('a file from before voters stored their list is sound: the list of cluster.yaml is taken as the first one (S11)', async t => {
  const file = await fileFor(t)
  const { voters: _none, ...voter } = STATE.voter
  await mkdir(dirname(file.path), { recursive: true })
  await writeFile(file.path, withChecksum({ voter, ownRelease: STATE.ownRelease }))
  assert.deepEqual(await file.load(), { ...STATE, voter: { ...voter, voters: { generation: 0, names: [] } } })
})

test('only its owner may read the file and its directory', async t => {
  const file = await fileFor(t)
  await file.store(STATE)
  assert.equal((await stat(file.path)).mode & 0o777, 0o600)
  assert.equal((await stat(dirname(file.path))).mode & 0o777, 0o700)
})

test('a file that is no JSON, empty, or not of this shape is a problem with a way out, and never a new voter (S1)', async t => {
  const file = await fileFor(t)
  for (const text of ['', '\0\0\0\0', 'voter', 'null', '[]', '{}', '{"state":{}}']) {
    assert.match(await problemOf(file, text), /is corrupt .* does not vote\. Way out: /, JSON.stringify(text))
  }
})

test('a file that was cut short at any place is never taken for sound (S1)', async t => {
  const file = await fileFor(t)
  await file.store(STATE)
  const text = (await readFile(file.path, 'utf8')).trimEnd()
  for (let length = 0; length < text.length; length++) assert.match(await problemOf(file, text.slice(0, length)), /is corrupt/)
})

test('a file whose content was changed does not match its checksum (S1)', async t => {
  const file = await fileFor(t)
  await file.store(STATE)
  const text = await readFile(file.path, 'utf8')
  assert.match(await problemOf(file, text.replace('"term":4', '"term":3')), /is corrupt/)
})

test('content with an unknown or a missing key, or of a wrong type, is a problem although its checksum is right', async t => {
  const file = await fileFor(t)
  const { holder: _holder, ...voter } = STATE.voter
  for (const state of [{ ...STATE, extra: 1 }, { ...STATE, voter: { ...STATE.voter, extra: 1 } }, { ...STATE, voter }, { ...STATE, voter: { ...STATE.voter, term: '4' } }]) {
    assert.match(await problemOf(file, withChecksum(state)), /is corrupt/)
  }
  await writeFile(file.path, withChecksum(STATE))
  assert.deepEqual(await file.load(), STATE)
})

test('a file that cannot be read is a problem that names the cause, and never a new voter (S1)', async t => {
  const file = await fileFor(t)
  await mkdir(file.path, { recursive: true })
  const restored = await file.load()
  assert.match('problem' in restored ? restored.problem : '', /^cannot read .*EISDIR.*repair the disk/)
})

test('what is stored over a file that could not be read leaves it beside, to be looked at; a sound one leaves nothing', async t => {
  const file = await fileFor(t)
  await problemOf(file, 'half a fi')
  await file.store(STATE)
  assert.equal(await readFile(`${file.path}.damaged`, 'utf8'), 'half a fi')
  assert.deepEqual(await file.load(), STATE)
  await file.store(durableState({ term: 9 }))
  assert.equal(await readFile(`${file.path}.damaged`, 'utf8'), 'half a fi')
  await problemOf(file, 'once more')
  await file.store(STATE)
  assert.equal(await readFile(`${file.path}.damaged`, 'utf8'), 'once more')
})

test('a store that fails rejects and leaves what was stored before untouched (S1)', async t => {
  const file = await fileFor(t)
  await file.store(STATE)
  await mkdir(`${file.path}.new`)
  await assert.rejects(file.store(durableState({ term: 9 })))
  assert.deepEqual(await file.load(), STATE)
})

test('the file is replaced as a whole: what a crash left half-written beside it is not read, and the next store removes it', async t => {
  const file = await fileFor(t)
  await file.store(STATE)
  await writeFile(`${file.path}.new`, '{"checksum":')
  assert.deepEqual(await file.load(), STATE)
  await file.store(durableState())
  assert.deepEqual(await readdir(dirname(file.path)), ['voter.json'])
})
