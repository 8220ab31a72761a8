// The contract of the Store port: one suite, every adapter, the real thing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import { execa } from 'execa'
import { createEmbeddedStore } from '../../controller/store/embedded.ts'
import type { Store } from '../../controller/store/store.ts'
import { StoreCorruptError, StoreLockedError, StoreUnavailableError, StoreVersionError } from '../../controller/store/store-errors.ts'
import { historyEntry } from './store-fixtures.ts'

const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-store-'))
after(() => rm(directory, { recursive: true, force: true }))
let files = 0
const newFile = () => join(directory, `store-${++files}.db`)

interface Adapter {
  readonly name: string
  /** A store on a place of its own; `reopen` is another store on the same place. */
  make (): { readonly store: Store, readonly reopen: () => Store }
  /** A store that keeps this many entries. */
  makeBounded (historyMax: number): Store
}

const ADAPTERS: readonly Adapter[] = [{
  name: 'embedded',
  make () {
    const file = newFile()
    return { store: createEmbeddedStore({ file }), reopen: () => createEmbeddedStore({ file }) }
  },
  makeBounded: historyMax => createEmbeddedStore({ file: newFile(), historyMax })
}]

async function eventually (what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!await condition()) assert.ok(performance.now() < deadline, `within 5 s: ${what}`)
}

for (const adapter of ADAPTERS) {
  describe(`store contract: ${adapter.name}`, () => {
    let store: Store
    let reopen: () => Store
    beforeEach(async () => {
      ({ store, reopen } = adapter.make())
      await store.open()
    })
    afterEach(() => store.close())

    test('a cluster has one leader at a time, and the leader stays it by asking again', async () => {
      assert.equal(await store.lead('ovn', 'c1', 60_000), true)
      assert.equal(await store.lead('ovn', 'c2', 60_000), false)
      assert.equal(await store.lead('ovn', 'c1', 60_000), true)
    })

    test('leadership is per cluster', async () => {
      assert.equal(await store.lead('ovn', 'c1', 60_000), true)
      assert.equal(await store.lead('vtep', 'c2', 60_000), true)
    })

    test('leadership that is not renewed ends by itself', async () => {
      assert.equal(await store.lead('ovn', 'c1', 40), true)
      await eventually('c2 leads', () => store.lead('ovn', 'c2', 60_000))
      assert.equal(await store.lead('ovn', 'c1', 60_000), false)
    })

    test('a leader that resigns is followed at once; a resignation of somebody else changes nothing', async () => {
      await store.lead('ovn', 'c1', 60_000)
      await store.resign('ovn', 'c2')
      assert.equal(await store.lead('ovn', 'c2', 60_000), false)
      await store.resign('ovn', 'c1')
      assert.equal(await store.lead('ovn', 'c2', 60_000), true)
    })

    test('intent and memory are per cluster and survive a restart', async () => {
      assert.deepEqual(await store.intent('ovn'), { paused: null })
      assert.equal(await store.memory('ovn'), null)
      const intent = { paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: 'moving racks, it\'s 5°' } }
      await store.setIntent('ovn', { paused: null })
      await store.setIntent('ovn', intent)
      await store.setMemory('ovn', { term: 6, active: 'n2', sequence: 10 })
      await store.setMemory('ovn', { term: 7, active: 'n1', sequence: 42 })
      await store.close()
      const again = reopen()
      await again.open()
      try {
        assert.deepEqual(await again.intent('ovn'), intent)
        assert.deepEqual(await again.memory('ovn'), { term: 7, active: 'n1', sequence: 42 })
        assert.deepEqual(await again.intent('vtep'), { paused: null })
        assert.equal(await again.memory('vtep'), null)
      } finally {
        await again.close()
      }
    })

    test('history comes newest first, with growing ids, limited, before an id, and for one cluster or all', async () => {
      for (const [index, cluster] of ['ovn', 'vtep', 'ovn', 'ovn'].entries()) {
        const appended = await store.append(historyEntry({ cluster, message: `m${index + 1}` }))
        assert.deepEqual(appended, { id: index + 1, ...historyEntry({ cluster, message: `m${index + 1}` }) })
      }
      const ids = async (query: Parameters<Store['history']>[0]) => (await store.history(query)).map(entry => entry.id)
      assert.deepEqual(await ids({ limit: 10 }), [4, 3, 2, 1])
      assert.deepEqual(await ids({ limit: 2 }), [4, 3])
      assert.deepEqual(await ids({ limit: 10, before: 3 }), [2, 1])
      assert.deepEqual(await ids({ limit: 10, cluster: 'ovn' }), [4, 3, 1])
      assert.deepEqual(await ids({ limit: 1, cluster: 'ovn', before: 3 }), [1])
      assert.deepEqual(await ids({ limit: 10, cluster: 'other' }), [])
      assert.equal((await store.entry(2))?.cluster, 'vtep')
      assert.equal(await store.entry(5), null)
    })

    test('entries appended at once get different ids and are all there', async () => {
      const appended = await Promise.all(Array.from({ length: 50 }, (_, index) => store.append(historyEntry({ message: `m${index}` }))))
      assert.equal(new Set(appended.map(entry => entry.id)).size, 50)
      assert.equal((await store.history({ limit: 100 })).length, 50)
    })

    test('history is bounded: the oldest entries go, and ids are never used again', async () => {
      const bounded = adapter.makeBounded(3)
      await bounded.open()
      try {
        for (let index = 0; index < 5; index++) await bounded.append(historyEntry())
        assert.deepEqual((await bounded.history({ limit: 10 })).map(entry => entry.id), [5, 4, 3])
        assert.equal(await bounded.entry(2), null)
      } finally {
        await bounded.close()
      }
    })

    test('a store that is not open rejects, and does not wait', async () => {
      const closed = reopen()
      await assert.rejects(closed.intent('ovn'), { code: 'OVSDB_HA_STORE_UNAVAILABLE', message: /not open/ })
    })
  })
}

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
    await store.append(historyEntry())
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
    await first.append(historyEntry())
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
      for (let index = 0; index < 40; index++) await store.append(historyEntry({ message: 'y'.repeat(1_000) }))
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
