export type Database = 'rows' | 'position'
export const DATABASES: readonly Database[] = ['rows', 'position']

/** The replication of each database of one server, as Open vSwitch 3.3 and later have it: sessions that know nothing of each other. */
export interface ReplicationSessions {
  /** Another source, or the same one anew: neither database has arrived. */
  begin (): void
  connect (database: Database): void
  arrived (database: Database): void
  lost (database: Database): void
  endAll (): void
  readonly isLive: (database: Database) => boolean
  readonly allLive: () => boolean
  /** What the status says: that it replicates also when its source has long been gone, until it dials again with success (FACTS R N3). */
  readonly allSaidToReplicate: () => boolean
  /** Names the connections; null while not every database has one. A new connection never has the name of an old one. */
  readonly connections: () => string | null
}

interface Session {
  connection: number | null
  live: boolean
  saidToReplicate: boolean
}

export function createReplicationSessions (): ReplicationSessions {
  const unconnected = (): Session => ({ connection: null, live: false, saidToReplicate: false })
  const sessions: Readonly<Record<Database, Session>> = { rows: unconnected(), position: unconnected() }
  const all = Object.values(sessions)
  let connected = 0

  return {
    begin () { for (const one of all) Object.assign(one, unconnected()) },
    connect (database) { Object.assign(sessions[database], { connection: ++connected, live: false, saidToReplicate: false }) },
    arrived (database) { Object.assign(sessions[database], { live: true, saidToReplicate: true }) },
    lost (database) { Object.assign(sessions[database], { connection: null, live: false }) },
    endAll () { for (const one of all) Object.assign(one, { connection: null, live: false }) },
    isLive: database => sessions[database].live,
    allLive: () => all.every(({ live }) => live),
    allSaidToReplicate: () => all.every(({ saidToReplicate }) => saidToReplicate),
    connections: () => all.every(({ connection }) => connection !== null) ? all.map(({ connection }) => connection).join(' ') : null
  }
}
