// The port between the agent's metrics and what its servers say of themselves (adapter: agent/ovsdb/statistics.ts).

/** What `memory/show` counts: names that every Open vSwitch from 2.17 on knows, and those that only some do. */
export const SERVER_COUNTS = ['sessions', 'monitors', 'triggers', 'backlog', 'cells', 'atoms', 'txnHistory', 'txnHistoryAtoms', 'jsonCaches'] as const
export type ServerCount = typeof SERVER_COUNTS[number]

export interface ServerStatistics {
  readonly server: string
  readonly database: string
  /** Only what this server's version tells; empty when it did not answer in time. `backlog` is in bytes. */
  readonly counts: Readonly<Partial<Record<ServerCount, number>>>
  /** Free on the disk of the database file; null when it cannot be told. */
  readonly freeDiskBytes: number | null
}

export interface StatisticsService {
  /** Asks all servers at one time and never rejects; bounded by its own deadline. Questions that meet share one answer. */
  read (): Promise<readonly ServerStatistics[]>
  close (): void
}
