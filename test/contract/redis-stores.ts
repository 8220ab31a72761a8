// Stores on real Redis processes, for one test at a time: whatever was started and opened ends with it.
import { createRedisStore, type RedisStoreOptions } from '../../controller/store/redis.ts'
import type { Store } from '../../controller/store/store.ts'
import type { RedisServer } from '../../protocol/cluster.ts'
import { createRedisDirectory, redisProcess, type RedisProcess } from './redis-processes.ts'
import { eventually, settle } from './store-suite.ts'

export const NOBODY = { username: null, password: null, tls: null }
export const COMMAND_TIMEOUT_MS = 400

const PAUSED = { version: 1, paused: { by: 'ann', at: '2026-01-02T03:04:05.678Z', reason: '' } }

export function createRedisStores () {
  const running: RedisProcess[] = []
  const open: Store[] = []
  let directory: Awaited<ReturnType<typeof createRedisDirectory>> | null = null

  async function started (program: string, lines: readonly string[]): Promise<RedisProcess> {
    directory ??= await createRedisDirectory()
    const made = await redisProcess(directory.path, lines, program)
    running.push(made)
    await made.start()
    return made
  }

  async function storeAt (servers: readonly RedisServer[], over: Partial<RedisStoreOptions> = {}): Promise<Store> {
    const store = createRedisStore({ servers, access: NOBODY, prefix: 'test:', part: open.length, commandTimeoutMs: COMMAND_TIMEOUT_MS, ...over })
    open.push(store)
    await store.open()
    return store
  }

  return {
    redis: (...lines: readonly string[]) => started('redis-server', lines),
    sentinel: (...lines: readonly string[]) => started('redis-sentinel', lines),
    storeAt,
    storeOn: (processes: readonly RedisProcess[], over: Partial<RedisStoreOptions> = {}) => storeAt(processes.map(({ server }) => server), over),
    /** Connected, and somebody may lead. */
    async readyStoreOn (processes: readonly RedisProcess[], over: Partial<RedisStoreOptions> = {}): Promise<Store> {
      const store = await storeAt(processes.map(({ server }) => server), over)
      await answers(store)
      await settle(store)
      return store
    },
    /** After each test. */
    async end (): Promise<void> {
      for (const store of open.splice(0)) await store.close()
      await Promise.all(running.splice(0).map(one => one.kill()))
    },
    /** After the last one. */
    async remove (): Promise<void> { await directory?.remove() }
  }
}

/** Whatever it answers, it answers: connected. */
export async function answers (store: Store): Promise<void> {
  await eventually('it answers', () => store.intent('any').then(() => true, () => false))
}

/** It comes to say so: before that it may still be dialling. */
export async function refuses (store: Store, word: RegExp): Promise<void> {
  await eventually(`it says ${word}`, () => store.setIntent('any', PAUSED).then(() => false, (error: Error) => word.test(error.message)))
}
