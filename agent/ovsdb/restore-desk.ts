import { join } from 'node:path'
import type { ClusterConfig } from '../../protocol/cluster.ts'
import type { RestoreService } from '../restore-service.ts'
import { MaintenanceRefusedError } from './maintenance-errors.ts'
import { inThread } from './rescue-work.ts'
import { toolBeside } from './server-command.ts'
import { serverToRead } from './server-to-read.ts'
import { SnapshotError, SnapshotUnknownError } from './snapshot-errors.ts'
import { findSnapshots } from './snapshot-files.ts'

/** Compares a snapshot of this node with the active, wherever that is, in a thread of its own. It changes nothing. */
export function createRestoreDesk (cluster: ClusterConfig, node: string): RestoreService {
  const { directory } = cluster.snapshots
  const detail = { cluster: cluster.name, node }
  let busy = false

  return {
    async plan (id, { server: name, active, withOperations, deadlineMs }) {
      const snapshot = (await findSnapshots(directory)).snapshots.find(one => one.id === id)
      if (snapshot === undefined) throw new SnapshotUnknownError(id, detail)
      const [server, kept] = [cluster.servers.find(one => one.name === name), snapshot.databases.find(one => one.server === name)]
      if (server === undefined || kept === undefined || kept.database !== server.database) throw new SnapshotError(id, `it has no database of the server ${name}, or another one`, detail)
      if (busy) throw new MaintenanceRefusedError(`${node} compares a snapshot already`, detail)
      busy = true
      const path = join(directory, id, kept.file)
      try {
        return await inThread({
          kind: 'restore',
          withOperations,
          rescue: { path, tool: toolBeside(server.run.program), unpackTo: `${path}.restore` },
          active: serverToRead(cluster, node, server, active),
          deadlineMs
        }, new AbortController().signal)
      } catch (cause) {
        throw new SnapshotError(`${id} cannot be compared with ${active}`, (cause as Error).message, { ...detail, cause })
      } finally {
        busy = false
      }
    }
  }
}
