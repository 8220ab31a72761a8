import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJournal } from '../../../controller/journal.ts'
import { historyEntry } from '../../contract/store-fixtures.ts'
import { fakeStore } from './fake-store.ts'

test('an entry that another controller has told of is not told as stored, nor given to the store once more', async () => {
  const store = fakeStore()
  const told: string[] = []
  const journal = createJournal({ store, onStored: ({ message }) => { told.push(message) }, onDropped: () => {}, onFailed: () => {} })
  const { id: _, ...entry } = historyEntry({ happening: 'ovn/n1/boot/7' })
  await store.append(historyEntry({ id: store.nextEntryId(), happening: 'ovn/n1/boot/7' }))
  journal.write({ ...entry, message: 'told again' })
  journal.write({ ...entry, happening: 'ovn/n1/boot/8', message: 'told first' })
  await journal.stop()
  assert.deepEqual(told, ['told first'])
  store.entries = []
  journal.writeAgain()
  await journal.stop()
  assert.deepEqual(store.entries.map(({ message }) => message), ['told first'])
})
