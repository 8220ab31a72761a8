// The contract of the Store port: one suite, every adapter, the real thing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedStore } from '../../controller/store/embedded.ts'
import { describeStore } from './store-suite.ts'

const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-store-'))
let files = 0

describeStore({
  name: 'embedded',
  shared: false,
  start: async () => { /* nothing runs */ },
  stop: () => rm(directory, { recursive: true, force: true }),
  place () {
    const file = join(directory, `store-${++files}.db`)
    return historyMax => createEmbeddedStore({ file, ...(historyMax === undefined ? {} : { historyMax }) })
  }
})
