// What the embedded store promises beyond the port: one crash-safe file, for one process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { execa } from 'execa'
import { createEmbeddedStore } from '../../controller/store/embedded.ts'
import { StoreCorruptError, StoreLockedError, StoreUnavailableError, StoreVersionError } from '../../controller/store/store-errors.ts'
import { appendTo, historyEntry } from './store-fixtures.ts'

const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-store-'))
after(() => rm(directory, { recursive: true, force: true }))
let files = 0
const newFile = () => join(directory, `store-${++files}.db`)

const PAGE_BYTES = 4096

async function overwritePage (file: string, page: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    assert.ok((await handle.stat()).size > (page + 1) * PAGE_BYTES)
    await handle.write(Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES)
  } finally {
    await handle.close()
  }
}

describe('embedded store: one file that survives', () => {
  test('whoever has the file leads, without an end: also while the file fails', async () => {
    const store = createEmbeddedStore({ file: newFile() })
    await store.open()
    assert.deepEqual(await store.lead('ovn', 'c1', { ttlMs: 10, want: 'look' }), { leads: true, untilMs: Infinity, restored: false })
    await store.close()
    assert.deepEqual(await store.lead('ovn', 'c1', { ttlMs: 10, want: 'look' }), { leads: true, untilMs: Infinity, restored: false })
  })

  test('a pause of before there were versions is kept, and can be changed', async () => {
    const file = newFile()
    const store = createEmbeddedStore({ file })
    await store.open()
    await store.close()
    const paused = { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' }
    const old = new DatabaseSync(file)
    old.prepare('INSERT INTO intent VALUES (?, ?)').run('ovn', JSON.stringify({ paused }))
    old.close()
    const again = createEmbeddedStore({ file })
    await again.open()
    assert.deepEqual(await again.intent('ovn'), { version: 1, paused })
    await again.setIntent('ovn', { version: 2, paused: null })
    assert.deepEqual(await again.intent('ovn'), { version: 2, paused: null })
    await again.close()
  })

  test('a file of before happenings had numbers is kept, and tells them apart from then on', async () => {
    const file = newFile()
    const store = createEmbeddedStore({ file })
    await store.open()
    const before = await appendTo(store)
    await store.close()
    const old = new DatabaseSync(file)
    old.exec("DROP INDEX history_by_happening; INSERT INTO history VALUES (2, 'ovn', 'not JSON')")
    old.close()
    const again = createEmbeddedStore({ file })
    await again.open()
    assert.deepEqual(await again.entry(before.id), before)
    await appendTo(again, { happening: 'ovn/n1/boot/7' })
    assert.equal(await again.append(historyEntry({ id: again.nextEntryId(), happening: 'ovn/n1/boot/7' })), false)
    await again.close()
  })

  test('every entry acknowledged before a SIGKILL is there, and the file opens at once', async t => {
    const file = newFile()
    for (let round = 1; round <= 3; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'store-appender.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] })
      t.after(() => child.kill('SIGKILL'))
      const acknowledged: number[] = []
      for await (const line of createInterface(child.stdout)) {
        acknowledged.push(Number(line))
        if (acknowledged.length === 20 * round) child.kill('SIGKILL')
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      assert.equal(child.signalCode, 'SIGKILL')
      const store = createEmbeddedStore({ file })
      await store.open()
      try {
        const found = (await store.history({ limit: 10_000 })).map(entry => entry.id)
        assert.deepEqual(acknowledged.filter(id => !found.includes(id)), [])
        assert.equal((await store.entry(acknowledged.at(-1) ?? 0))?.message.length, 2_000)
      } finally {
        await store.close()
      }
    }
  })

  test('at rest everything is in one file', async () => {
    const place = await mkdtemp(join(directory, 'rest-'))
    const store = createEmbeddedStore({ file: join(place, 'store.db') })
    await store.open()
    await appendTo(store)
    const copy = newFile()
    await execa('cp', [join(place, 'store.db'), copy], { timeout: 5_000, stdin: 'ignore' }) // a process of its own: closing the file in this one would drop its locks
    await store.close()
    assert.deepEqual(await readdir(place), ['store.db'])
    const copied = createEmbeddedStore({ file: copy })
    await copied.open()
    assert.equal((await copied.history({ limit: 10 })).length, 1, 'a plain copy of the open file holds what was acknowledged')
    await copied.close()
  })

  test('a second controller on the same file is refused at its start, and the first one goes on', async () => {
    const file = newFile()
    const first = createEmbeddedStore({ file })
    await first.open()
    const second = createEmbeddedStore({ file })
    await assert.rejects(second.open(), (error: unknown) => {
      assert.ok(error instanceof StoreLockedError)
      assert.match(error.message, new RegExp(file))
      assert.match(error.hint, /Stop the other controller/)
      return true
    })
    await appendTo(first)
    await first.close()
    await second.open()
    assert.equal((await second.history({ limit: 10 })).length, 1)
    await second.close()
  })

  for (const [what, damage] of [
    ['garbage', (file: string) => writeFile(file, 'not a database, '.repeat(500))],
    ['cut short', (file: string) => truncate(file, 4096 * 3)],
    ['overwritten in its first pages', (file: string) => overwritePage(file, 1)],
    ['overwritten where only old history is', (file: string) => overwritePage(file, 9)]
  ] as const) {
    test(`a file that is ${what} is refused with the way out, and left as it is`, async () => {
      const file = newFile()
      const store = createEmbeddedStore({ file })
      await store.open()
      for (let index = 0; index < 40; index++) await appendTo(store, { message: 'y'.repeat(1_000) })
      await store.close()
      await damage(file)
      const before = await readFile(file)
      await assert.rejects(createEmbeddedStore({ file }).open(), (error: unknown) => {
        assert.ok(error instanceof StoreCorruptError, String(error))
        assert.match(error.hint, new RegExp(`mv ${file} ${file}.bad`))
        return true
      })
      assert.deepEqual(await readFile(file), before)
    })
  }

  test('a file of another program or of a newer version is refused', async () => {
    const foreign = newFile()
    const database = new DatabaseSync(foreign)
    database.exec('CREATE TABLE songs (title TEXT)')
    database.close()
    await assert.rejects(createEmbeddedStore({ file: foreign }).open(), StoreCorruptError)

    const newer = newFile()
    const store = createEmbeddedStore({ file: newer })
    await store.open()
    await store.close()
    const edit = new DatabaseSync(newer)
    edit.exec("UPDATE meta SET value = '99' WHERE key = 'schemaVersion'")
    edit.close()
    await assert.rejects(createEmbeddedStore({ file: newer }).open(), (error: unknown) => {
      assert.ok(error instanceof StoreVersionError)
      assert.match(error.message, /version 99/)
      return true
    })
  })

  test('a directory whose parent is missing is named, not made', async () => {
    const file = join(directory, 'missing', 'deeper', 'store.db')
    await assert.rejects(createEmbeddedStore({ file }).open(), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /missing/)
      return true
    })
  })
})
