import { stat } from 'node:fs/promises'
import type { ServerConfig } from '../../protocol/cluster.ts'
import type { CompactReply, CompactRequest } from '../../protocol/maintenance.ts'
import type { Report } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import type { MaintenanceService } from '../maintenance-service.ts'
import { createControl } from './control.ts'
import { HEARTBEAT_DATABASE } from './heartbeat.ts'
import { CompactionError, MaintenanceRefusedError } from './maintenance-errors.ts'
import { heartbeatFile } from './server-command.ts'
import { readVersions } from './versions.ts'

export interface MaintenanceOptions {
  readonly cluster: string
  readonly node: string
  readonly servers: readonly ServerConfig[]
  /** The unit's state now. */
  readonly report: () => Report
}

/** A server in the middle of a large transaction answers a little later. */
const VERSIONS_TIMEOUT_MS = 5_000

type Compacted = CompactReply['databases'][number]

/** Work on the servers of one unit that changes no role. Its connections are its own: a role change never queues behind it here. */
export function createMaintenance ({ cluster, node, servers, report }: MaintenanceOptions): MaintenanceService {
  let busy = false

  function refuseUnless (as: CompactRequest['as']): void {
    const { phase } = report()
    if (phase !== as) throw new MaintenanceRefusedError(`${node} was to be compacted as the ${as}, and is ${phase}`, { cluster, node })
  }

  async function compactServer (server: ServerConfig, endMs: number): Promise<readonly Compacted[]> {
    const control = createControl({ path: server.controlSocket, timeoutMs: endMs - monotonicMs() })
    const databases = [{ database: server.database, file: server.databaseFile }, { database: HEARTBEAT_DATABASE, file: heartbeatFile(server) }]
    const compacted: Compacted[] = []
    try {
      for (const { database, file } of databases) {
        const beforeBytes = (await stat(file)).size
        const startMs = monotonicMs()
        await control.call('ovsdb-server/compact', [database], Math.max(1, endMs - startMs))
        compacted.push({ server: server.name, database, beforeBytes, afterBytes: (await stat(file)).size, durationMs: monotonicMs() - startMs })
      }
      return compacted
    } catch (cause) {
      throw new CompactionError(server.name, databases[compacted.length]?.database ?? server.database, { cluster, node, cause: cause as Error })
    } finally {
      control.close()
    }
  }

  return {
    versions: () => readVersions(servers, VERSIONS_TIMEOUT_MS),
    async compact ({ as, deadlineMs }) {
      if (busy) throw new MaintenanceRefusedError(`${node} is being compacted already`, { cluster, node })
      busy = true
      try {
        const endMs = monotonicMs() + deadlineMs
        const compacted: Compacted[] = []
        for (const server of servers) {
          refuseUnless(as) // it may have been promoted, or have ceased to serve, between two servers
          compacted.push(...await compactServer(server, endMs))
        }
        return { databases: compacted }
      } finally {
        busy = false
      }
    }
  }
}
