// The contract of the Store port: one suite, every adapter, the real thing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedStore } from '../../controller/store/embedded.ts'
import { createRedisStore } from '../../controller/store/redis.ts'
import type { Store } from '../../controller/store/store.ts'
import type { RedisServer } from '../../protocol/cluster.ts'
import { createRedisDirectory, redisProcess, type RedisProcess } from './redis-processes.ts'
import { describeStore, eventually, settle } from './store-suite.ts'

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

/** Each place is a key prefix of its own; a store is open when its first question is answered. */
function redisAdapter (name: string, processes: (directory: string) => Promise<{ readonly all: readonly RedisProcess[], readonly servers: readonly RedisServer[] }>): void {
  let all: readonly RedisProcess[] = []
  let servers: readonly RedisServer[] = []
  let remove: () => Promise<void>
  let places = 0
  let parts = 0
  describeStore({
    name,
    shared: true,
    async start () {
      const directory = await createRedisDirectory()
      remove = directory.remove
      const made = await processes(directory.path)
      all = made.all
      servers = made.servers
    },
    async stop () {
      await Promise.all(all.map(one => one.kill()))
      await remove()
    },
    place () {
      const prefix = `place${++places}:`
      return (historyMax): Store => {
        const store = createRedisStore({ servers, access: { username: null, password: null, tls: null }, prefix, part: ++parts, ...(historyMax === undefined ? {} : { historyMax }) })
        return {
          ...store,
          async open () {
            await store.open()
            await eventually('every connection is there', async () => await store.setMemory('connected', { term: 1, active: 'n1', sequence: 0 }).then(() => true, () => false))
            await settle(store)
          }
        }
      }
    }
  })
}

async function started (directory: string, count: number): Promise<readonly RedisProcess[]> {
  const all = await Promise.all(Array.from({ length: count }, () => redisProcess(directory)))
  await Promise.all(all.map(one => one.start()))
  return all
}

redisAdapter('one Redis', async directory => {
  const all = await started(directory, 1)
  return { all, servers: all.map(({ server }) => server) }
})

redisAdapter('a majority of three Redis', async directory => {
  const all = await started(directory, 3)
  return { all, servers: all.map(({ server }) => server) }
})

redisAdapter('Redis behind Sentinel', async directory => {
  const [master] = await started(directory, 1)
  const sentinel = await redisProcess(directory, [`sentinel monitor store 127.0.0.1 ${master?.port} 1`], 'redis-sentinel')
  await sentinel.start()
  return { all: [sentinel, ...(master === undefined ? [] : [master])], servers: [{ type: 'sentinel', text: `sentinel://127.0.0.1:${sentinel.port}/store`, sentinels: [{ host: '127.0.0.1', port: sentinel.port }], master: 'store', tls: false }] }
})
