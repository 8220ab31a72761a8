import type { ClusterConfig } from '../../protocol/cluster.ts'
import type { CopyComparison } from '../../protocol/copy-comparison.ts'
import { inThread } from './rescue-work.ts'
import { serverToRead } from './server-to-read.ts'

export interface CompareCopiesOptions {
  readonly cluster: ClusterConfig
  readonly node: string
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
      const tables = await inThread({ kind: 'copies', theirs: serverToRead(cluster, node, server, source), own: serverToRead(cluster, node, server, node), deadlineMs: cluster.timing.resyncDeadlineMs }, new AbortController().signal)
      databases.push({ server: name, database, problem: null, tables: [...tables] })
    } catch (error) {
      databases.push({ server: name, database, problem: error instanceof Error ? error.message : String(error), tables: [] })
    }
  }
  return { source, databases }
}
