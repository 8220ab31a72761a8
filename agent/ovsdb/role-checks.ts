// What both drivers of RoleControl insist on before and after a change.
import { RoleNotChangedError, ServerClosedError } from './errors.ts'
import { describeRoles, isBackupOf } from './role-observation.ts'
import { PLACEHOLDER, type DatabaseFile, type RoleObservation } from './role-control.ts'

/** Active on every database, and every database that the server should serve is there. */
export function assertPromoted (server: string, seen: RoleObservation, databases: readonly DatabaseFile[]): void {
  const missing = databases.filter(({ name }) => !seen.databases.includes(name)).map(({ name }) => name)
  if (missing.length > 0) throw new RoleNotChangedError(server, 'active', `it does not serve ${missing.join(', ')}`)
  if (seen.role !== 'active') throw new RoleNotChangedError(server, 'active', describeRoles(seen))
}

/** A database added to a server that follows a real source, or is active, could make it promote itself or have two roles (FACTS R N6, N7). */
export async function isServedOrMayBeAdded (server: string, observe: () => Promise<RoleObservation>, database: string): Promise<'served' | 'mayBeAdded'> {
  const seen = await observe()
  if (seen.databases.includes(database)) return 'served'
  // a server without any database cannot say what it follows, and has nothing to lose
  if (seen.databases.length > 0 && !isBackupOf(seen, PLACEHOLDER)) throw new RoleNotChangedError(server, `on the placeholder while ${database} is added`, describeRoles(seen))
  return 'mayBeAdded'
}

export async function assertServes (server: string, observe: () => Promise<RoleObservation>, database: string, file: string): Promise<void> {
  const { databases } = await observe()
  if (!databases.includes(database)) throw new RoleNotChangedError(server, `serving ${database}`, `${file} brought only ${databases.join(', ')}`)
}

/** A server drops every session when its set of databases changes, some moments after it said so. */
export async function againWhenClosed (change: () => Promise<void>): Promise<void> {
  try {
    await change()
  } catch (error) {
    if (!(error instanceof ServerClosedError)) throw error
    await change()
  }
}
