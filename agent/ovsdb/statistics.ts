// What a server says of its own load, asked at each scrape. Its connections are its own: a role change never queues behind it.
import { dirname } from 'node:path'
import type { ServerConfig } from '../../protocol/cluster.ts'
import type { ServerStatistics, StatisticsService } from '../statistics-service.ts'
import { createControl } from './control.ts'
import { freeBytesAt } from './free-disk.ts'
import { parseMemoryShow } from './memory-show.ts'

/**
 * A scrape waits no longer for a server that stalls: what it would have said is then absent, and `server_health` says why. Short
 * enough for scrapers that wait a second only: a hung server must not hide what its agent says of it.
 */
const TIMEOUT_MS = 500

export function createStatistics (servers: readonly ServerConfig[]): StatisticsService {
  const asked = servers.map(server => ({ server, control: createControl({ path: server.controlSocket, timeoutMs: TIMEOUT_MS }) }))
  let reading: Promise<readonly ServerStatistics[]> | null = null

  async function readServer ({ server, control }: typeof asked[number]): Promise<ServerStatistics> {
    const [counts, freeDiskBytes] = await Promise.all([
      control.call('memory/show').then(parseMemoryShow, () => ({})),
      freeBytesAt(dirname(server.databaseFile)).catch(() => null)
    ])
    return { server: server.name, database: server.database, counts, freeDiskBytes }
  }

  return {
    async read () {
      reading ??= Promise.all(asked.map(readServer)).finally(() => { reading = null })
      return await reading
    },
    close () { for (const { control } of asked) control.close() }
  }
}
