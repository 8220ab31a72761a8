// Child of the store's crash test: appends for ever, and prints the id of each entry that was acknowledged.
import { createEmbeddedStore } from '../../controller/store/embedded.ts'
import { appendTo } from './store-fixtures.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: store-appender.ts FILE')
const store = createEmbeddedStore({ file })
await store.open()
for (;;) {
  const { id } = await appendTo(store, { message: 'x'.repeat(2_000) })
  process.stdout.write(`${id}\n`)
}
