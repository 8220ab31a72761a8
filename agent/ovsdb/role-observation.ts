// What both drivers of RoleControl see of a server, and how they wait for it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Transactor } from './client.ts'
import type { Control } from './control.ts'
import { ListenerError, OvsdbError, RoleNotChangedError } from './errors.ts'
import { isListening, parsePassive } from './listening.ts'
import { parseSyncStatus, type DatabaseSync } from './sync-status.ts'
import { PLACEHOLDER, type RoleControlOptions, type RoleObservation } from './role-control.ts'

const POLL_MS = 2
const POLL_MAX_MS = 50
/** No row has it: a delete of it proves that writes are accepted, and writes nothing (FACTS R 7). */
const NEVER = '00000000-0000-0000-0000-000000000000'

/** One look: three commands at once. */
export async function observeRole (control: Control): Promise<RoleObservation> {
  const [statusText, databasesText, remotesText] = await Promise.all([
    control.call('ovsdb-server/sync-status'), control.call('ovsdb-server/list-dbs'), control.call('ovsdb-server/list-remotes')
  ])
  const databases = lines(databasesText).filter(name => name !== '_Server')
  return { ...foldSync(parseSyncStatus(statusText), databases), databases, remotes: lines(remotesText) }
}

/** Gives each database its entry, then says of the whole only what all of them say. */
export function foldSync (entries: readonly DatabaseSync[], databases: readonly string[]): Pick<RoleObservation, 'role' | 'source' | 'replication' | 'sessions' | 'perDatabase'> {
  const common = entries.find(entry => entry.database === null)
  const perDatabase = databases.map((database): DatabaseSync => {
    const entry = entries.find(candidate => candidate.database === database) ?? common
    return entry === undefined ? { database, state: 'unknown', source: null, replication: 'none' } : { ...entry, database }
  })
  const [first] = perDatabase
  const sessions = common === undefined ? databases.length : 1
  if (first === undefined) return { role: 'unknown', source: null, replication: 'none', sessions, perDatabase }
  const source = perDatabase.every(entry => entry.source === first.source) ? first.source : null
  return {
    role: perDatabase.every(entry => entry.state === first.state) ? first.state : 'unknown',
    source: source === PLACEHOLDER ? null : source,
    replication: perDatabase.every(entry => entry.replication === 'replicating')
      ? 'replicating'
      : perDatabase.some(entry => entry.state === 'backup') ? 'connecting' : 'none',
    sessions,
    perDatabase
  }
}

/** `nb: backup of tcp:…; OVSDB_HA: active`: for error messages. */
export function describeRoles ({ perDatabase }: Pick<RoleObservation, 'perDatabase'>): string {
  return perDatabase.length === 0
    ? 'it serves no database'
    : perDatabase.map(({ database, state, source }) => `${database} is ${state}${source === null ? '' : ` of ${source}`}`).join(', ')
}

export function isBackupOf (observation: RoleObservation, source: string): boolean {
  return observation.role === 'backup' && observation.perDatabase.every(entry => entry.source === source)
}

/** At least one database takes writes: run by a configuration file, a server from 3.3 on promotes only those that it cannot replicate. */
export function isPartlyActive ({ perDatabase }: Pick<RoleObservation, 'perDatabase'>): boolean {
  return perDatabase.some(({ state }) => state === 'active')
}

/** It follows the source, or it has already promoted itself and waiting is no use. */
export function isDecided (observation: RoleObservation, source: string): boolean {
  return isBackupOf(observation, source) || observation.perDatabase.some(entry => entry.state === 'active')
}

/** Asks again until `done` or the deadline (a reading of performance.now()); resolves to the last answer either way. Asks at least once. */
export async function askUntil<T> (deadlineMs: number, ask: () => Promise<T>, done: (answer: T) => boolean): Promise<T> {
  for (let waitMs = POLL_MS; ; waitMs = Math.min(waitMs * 2, POLL_MAX_MS)) {
    const answer = await ask()
    if (done(answer) || performance.now() + waitMs >= deadlineMs) return answer
    await pause(waitMs)
  }
}

export interface WriteProbe {
  /** Throws RoleNotChangedError unless writes to each database are accepted, or refused, as wanted; nothing is written. */
  prove (databases: readonly string[], wanted: 'writable' | 'readOnly'): Promise<void>
}

/** Remembers one table of each database, since a schema is large and a promotion in a hurry. */
export function createWriteProbe (server: string, db: Transactor & Pick<RoleControlOptions['database'], 'getSchema'>): WriteProbe {
  const tables = new Map<string, string>()

  async function probe (database: string): Promise<'writable' | 'readOnly'> {
    const known = tables.get(database)
    const table = known ?? Object.keys((await db.getSchema(database)).tables)[0] ?? ''
    tables.set(database, table)
    try {
      await db.transact(database, [{ op: 'delete', table, where: [['_uuid', '==', ['uuid', NEVER]]] }])
      return 'writable'
    } catch (error) {
      if (error instanceof OvsdbError && error.error === 'not allowed') return 'readOnly'
      tables.delete(database)
      // a conversion may have dropped the table that we remember
      if (known !== undefined && error instanceof OvsdbError && error.error === 'syntax error') return await probe(database)
      throw error
    }
  }

  return {
    async prove (databases, wanted) {
      const states = await Promise.all(databases.map(probe))
      const wrong = databases.filter((_, index) => states[index] !== wanted)
      if (wrong.length > 0) throw new RoleNotChangedError(server, wanted === 'writable' ? 'writable' : 'read-only', `${wrong.join(', ')} ${wrong.length > 1 ? 'are' : 'is'} not`)
    }
  }
}

/** Resolves when each remote listens. Reading the list wakes the server's main loop, which then tries to bind again (FACTS R 8). */
export async function untilListening ({ name, control, pid }: RoleControlOptions, remotes: readonly string[], deadlineMs: number): Promise<void> {
  const missing = await askUntil(deadlineMs, async () => {
    const listed = lines(await control.call('ovsdb-server/list-remotes'))
    const states = await Promise.all(remotes.map(async remote => listed.includes(remote) && (parsePassive(remote) === null || await isListening(remote, pid()))))
    return remotes.filter((_, index) => states[index] !== true)
  }, missing => missing.length === 0)
  if (missing.length > 0) throw new ListenerError(name, `does not listen on ${missing.join(', ')}`)
}

/** Resolves when none of the remotes is there any more, in the server's list and, with a known process, in the kernel. */
export async function untilSilent ({ name, control, pid }: RoleControlOptions, remotes: readonly string[], deadlineMs: number): Promise<void> {
  const left = await askUntil(deadlineMs, async () => {
    const listed = lines(await control.call('ovsdb-server/list-remotes'))
    const process = pid()
    const states = await Promise.all(remotes.map(async remote => listed.includes(remote) || (process !== null && await isListening(remote, process))))
    return remotes.filter((_, index) => states[index] === true)
  }, left => left.length === 0)
  if (left.length > 0) throw new ListenerError(name, `still listens on ${left.join(', ')}`)
}

export function lines (text: string): readonly string[] {
  return text.split('\n').map(line => line.trim()).filter(line => line !== '')
}
