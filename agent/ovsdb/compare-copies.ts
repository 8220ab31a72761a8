import type { ClusterConfig, ServerConfig } from '../../protocol/cluster.ts'
import type { CopyComparison } from '../../protocol/copy-comparison.ts'
import type { ServerToRead } from './read-content.ts'
import { inThread } from './rescue-work.ts'
import { replicationSource } from './server-command.ts'
import { parseTarget } from './target.ts'

export interface CompareCopiesOptions {
  readonly cluster: ClusterConfig
  readonly node: string
}

/** Where a server of that node is read: its own by its socket, another node's where replication reads it. */
export function serverToRead ({ cluster, node }: CompareCopiesOptions, server: ServerConfig, of: string): ServerToRead {
  const member = cluster.members.find(one => one.name === of)
  const own = of === node || member === undefined
  const target = own ? { method: 'unix' as const, path: server.databaseSocket } : parseTarget(replicationSource(server, member.address), server.tls)
  return { target, database: server.database, connectTimeoutMs: cluster.timing.commandTimeoutMs }
}

/**
 * What that node's copy has and this one's lacks, database by database. One that cannot be read (its server is gone, or
 * never served, and so has no listener for replication) is a problem of that database alone.
 */
export async function compareCopies (options: CompareCopiesOptions, source: string): Promise<CopyComparison> {
  const { cluster, node } = options
  const databases: CopyComparison['databases'] = []
  for (const server of cluster.servers) {
    const { name, database } = server
    try {
      const tables = await inThread({ kind: 'copies', theirs: serverToRead(options, server, source), own: serverToRead(options, server, node), deadlineMs: cluster.timing.resyncDeadlineMs }, new AbortController().signal)
      databases.push({ server: name, database, problem: null, tables: [...tables] })
    } catch (error) {
      databases.push({ server: name, database, problem: error instanceof Error ? error.message : String(error), tables: [] })
    }
  }
  return { source, databases }
}
