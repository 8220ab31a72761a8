// Real Redis processes on loopback, in a directory of their own, ended with the test.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { RedisServer } from '../../protocol/cluster.ts'

const READY_DEADLINE_MS = 15_000

export interface RedisProcess {
  readonly port: number
  readonly server: RedisServer
  start (): Promise<void>
  signal (name: NodeJS.Signals): void
  kill (): Promise<void>
  /** What redis-cli prints. */
  cli (...args: readonly string[]): Promise<string>
}

export async function createRedisDirectory (): Promise<{ readonly path: string, readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'ovsdb-ha-redis-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export function instanceAt (port: number): RedisServer {
  return { type: 'instance', text: `redis://127.0.0.1:${port}`, host: '127.0.0.1', port, tls: false }
}

/** A redis-server, or with `program` a redis-sentinel, that keeps its port over restarts. */
export async function redisProcess (directory: string, lines: readonly string[] = [], program = 'redis-server'): Promise<RedisProcess> {
  const port = await freePort()
  const place = join(directory, String(port))
  let child: ChildProcess | null = null
  const cli = async (...args: readonly string[]) => (await execa('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args], { timeout: 5_000, stdin: 'ignore', reject: false })).stdout
  const file = `${place}.conf`
  const server = program === 'redis-server' ? ['save ""', 'appendonly no', `dbfilename ${port}.rdb`] : []
  await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, ...server, ...lines, ''].join('\n'))

  async function start (): Promise<void> {
    child = spawn(program, [file], { stdio: 'ignore' })
    const deadline = performance.now() + READY_DEADLINE_MS
    while (!/PONG|NOAUTH|LOADING/.test(await cli('ping'))) {
      if (performance.now() > deadline) throw new Error(`${program} did not start: ${file}`)
    }
  }

  return {
    port,
    server: instanceAt(port),
    start,
    signal: name => { child?.kill(name) },
    async kill () {
      const ending = child
      child = null
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return
      const exit = once(ending, 'exit')
      ending.kill('SIGKILL')
      await exit
    },
    cli
  }
}
