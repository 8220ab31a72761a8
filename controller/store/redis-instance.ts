import { setTimeout as delay } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import type { RedisServer } from '../../protocol/cluster.ts'
import type { Script } from './redis-scripts.ts'
import { StoreUnavailableError, storeErrorOf, type StoreError } from './store-errors.ts'

export interface RedisAccess {
  readonly username: string | null
  readonly password: string | null
  /** PEM texts for `rediss://`; null: the system's authorities, and no certificate of our own. */
  readonly tls: { readonly key: string, readonly cert: string, readonly ca: string } | null
}

export interface RedisInstance {
  /** Resolves when the first dial ended, one way or the other; it has a deadline. */
  readonly dialled: Promise<void>
  /** Rejects with a StoreError within the time-out; a command is never kept for later nor sent twice. */
  run (script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  close (): void
}

const CONNECT_TIMEOUT_MS = 1_000
/** Nothing arrives: the other side is gone without a word, and a new connection may find it. */
const SILENT_AFTER_MS = 5_000
const RETRY_MAX_MS = 1_000

/** One Redis, or whichever of them Sentinel calls the master. Dials by itself, for ever, with bounded back-off. */
export function connectRedis (server: RedisServer, access: RedisAccess, commandTimeoutMs: number): RedisInstance {
  let lastError: Error | null = null
  const client = new Redis(optionsOf(server, access, commandTimeoutMs))
  client.on('error', (error: Error) => { lastError = error })
  client.on('ready', () => { lastError = null })
  const connected = client.connect().catch((error: Error) => { lastError = error })

  function failed (error: Error): StoreError {
    if (client.status !== 'ready') return storeErrorOf(server.text, `not connected (${reasonOf(lastError) ?? client.status})`)
    return storeErrorOf(server.text, error.message)
  }

  return {
    dialled: Promise.race([connected, delay(CONNECT_TIMEOUT_MS, undefined, { ref: false })]),
    async run ({ text, sha }, keys, args) {
      if (client.status !== 'ready') throw failed(new StoreUnavailableError(server.text, 'not connected'))
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw failed(error as Error)
      }
      try {
        return await client.eval(text, keys.length, ...keys, ...args)
      } catch (error) {
        throw failed(error as Error)
      }
    },
    close: () => client.disconnect()
  }
}

function reasonOf (error: Error | null): string | null {
  if (error === null) return null
  const { lastNodeError } = error as { readonly lastNodeError?: Error }
  return lastNodeError?.message ?? error.message
}

/** ioredis by default keeps commands for a later connection and sends them again: an old order must never arrive late. */
function optionsOf (server: RedisServer, { username, password, tls }: RedisAccess, commandTimeoutMs: number): Omit<RedisOptions, 'replyMapping'> {
  const secure = server.tls ? { tls: tls ?? {} } : {}
  const common: Omit<RedisOptions, 'replyMapping'> = {
    ...secure,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false, // a server that loads says so itself, in words that an operator understands
    disableClientInfo: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    socketTimeout: SILENT_AFTER_MS,
    keepAlive: SILENT_AFTER_MS,
    retryStrategy: attempts => Math.min(100 * 2 ** Math.min(attempts, 10), RETRY_MAX_MS),
    // a master that became a replica: the next connection finds the new one
    reconnectOnError: error => error.message.startsWith('READONLY')
  }
  if (server.type === 'instance') return { ...common, host: server.host, port: server.port }
  return {
    ...common,
    sentinels: server.sentinels.map(sentinel => ({ ...sentinel })),
    name: server.master,
    role: 'master',
    sentinelCommandTimeout: commandTimeoutMs,
    sentinelRetryStrategy: attempts => Math.min(100 * 2 ** Math.min(attempts, 10), RETRY_MAX_MS)
  }
}
