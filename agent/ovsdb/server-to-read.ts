import type { ClusterConfig, ServerConfig } from '../../protocol/cluster.ts'
import type { ServerToRead } from './read-content.ts'
import { replicationSource } from './server-command.ts'
import { parseTarget } from './target.ts'

/** How this node reads a server of its own, by its socket, or that of another node, as replication does. */
export function serverToRead ({ members, timing }: ClusterConfig, node: string, server: ServerConfig, of: string): ServerToRead {
  const member = members.find(one => one.name === of)
  const own = of === node || member === undefined
  const target = own ? { method: 'unix' as const, path: server.databaseSocket } : parseTarget(replicationSource(server, member.address), server.tls)
  return { target, database: server.database, connectTimeoutMs: timing.commandTimeoutMs }
}
