import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { comparePositions, type Position } from '../../protocol/position.ts'
import { isCopyOf } from '../../protocol/rescue-proof.ts'
import type { Source } from '../server.ts'
import { connectOvsdb, type OvsdbClient } from './client.ts'
import { MarkerLateError, SchemaMismatchError } from './errors.ts'
import { whyNoRoom } from './free-disk.ts'
import { HEARTBEAT_DATABASE, readPosition } from './heartbeat.ts'
import { keepOwnData, type SourceSeen } from './keep-own-data.ts'
import { awaitMarker } from './marker.ts'
import type { RoleObservation } from './role-control.ts'
import { schemaDifferences } from '../../protocol/database-schema.ts'
import { heartbeatFile, replicationSource } from './server-command.ts'
import { FollowIncompleteError, FollowRefusedError } from './server-errors.ts'
import type { ServerParts } from './server-parts.ts'
import { parseTarget } from './target.ts'

/** Pause between two looks at a resync; the server answers them between its own steps. */
const LOOK_EVERY_MS = 25

/**
 * Follows a source as OvsdbServer.follow promises. Nothing is touched before every check passed; the server is frozen on the
 * placeholder while its files are kept, marked incomplete before it connects, and complete only when every database was seen
 * to replicate from that very address.
 */
export async function followSource (parts: ServerParts, source: Source, signal: AbortSignal): Promise<void> {
  const { server } = parts
  const address = replicationSource(server, source.address)
  if (source.address === parts.nodeAddress || source.node === parts.node) throw new FollowRefusedError(server.name, `${source.node} (${address}) is this node itself`)
  if (parts.endpointAddresses.includes(source.address)) throw new FollowRefusedError(server.name, `${address} is an endpoint's address, which moves; a source is a node's own address (S5)`)
  const seen = await checkSource(parts, source.node, address)
  if (await followsAlready(parts, address, seen.position)) return
  await checkRoom(parts)
  signal.throwIfAborted()
  await parts.changes.run(async () => {
    signal.throwIfAborted()
    await parts.roles.toPlaceholder()
    parts.copy.demoted()
  })
  // outside of a role change: a large copy takes its time, and a demotion or promotion must not wait for it
  const guard = await keepOwnData(parts, seen, signal)
  await parts.changes.run(async () => {
    signal.throwIfAborted()
    const role = await parts.roles.observe()
    if (role.role !== 'backup' || role.source !== null) throw new FollowIncompleteError(server.name, `its role changed while its data was kept (${role.role})`)
    await parts.copy.begins(address)
    parts.handover.clear() // what is here from now on is another node's, and may be more than the marker stands for
    await parts.roles.repoint(address)
  })
  await awaitCopy(parts, address, signal)
  if (guard !== null) await releaseGuard(parts, guard, seen)
}

/** The guard stays where the source may have become another one before its data was copied: it goes when room is needed. */
async function releaseGuard ({ rescues, database, server, onHappening }: ServerParts, guard: string, seen: SourceSeen): Promise<void> {
  try {
    if (isCopyOf(seen.position, await readPosition(database))) await rescues.release(guard)
  } catch (error) {
    // the copy is whole all the same
    onHappening('guardNotRemoved', `a copy that guarded the resync of ${server.name} stays: ${(error as Error).message}`, { server: server.name })
  }
}

/** Asks the source itself, through the listener that replication will use: who it is, what it serves, how far it is. */
async function checkSource (parts: ServerParts, node: string, address: string): Promise<SourceSeen> {
  const { server, database, timing } = parts
  let client: OvsdbClient
  try {
    client = await connectOvsdb({ target: parseTarget(address, server.tls), connectTimeoutMs: timing.commandTimeoutMs, callTimeoutMs: timing.busyAfterMs })
  } catch (cause) {
    throw new FollowRefusedError(server.name, `the source does not answer: ${(cause as Error).message}`, { cause })
  }
  try {
    if (await client.getServerId() === await database.getServerId()) throw new FollowRefusedError(server.name, `${address} leads back to this very server`)
    const [theirs, ours] = [await client.listDbs(), await database.listDbs()].map(names => names.filter(name => name !== '_Server').toSorted())
    // a database that the source lacks makes a 3.5 backup active and leaves a 3.1 one connecting for ever (FACTS R N5, N7)
    if (theirs?.join() !== ours?.join()) throw new FollowRefusedError(server.name, `${address} serves ${theirs?.join(', ')}, this server ${ours?.join(', ')}`)
    for (const name of ours ?? []) {
      const differences = schemaDifferences(await client.getSchema(name), await database.getSchema(name))
      if (differences.length > 0) throw new SchemaMismatchError(server.name, differences)
    }
    const position = ours?.includes(HEARTBEAT_DATABASE) === true ? await readPosition(client) : null
    return { node, address, position, hasOurMarker: await hasOurMarker(parts, client) }
  } finally {
    client.destroy()
  }
}

async function hasOurMarker ({ server, handover }: ServerParts, client: OvsdbClient): Promise<boolean> {
  const marker = handover.current()
  if (marker === null) return false
  try {
    await awaitMarker(client, await client.getSchema(server.database), marker, 0, server.marker)
    return true
  } catch (error) {
    if (error instanceof MarkerLateError) return false
    throw error
  }
}

/**
 * `replicating:` alone proves nothing (FACTS R N3); together with a heartbeat of the source's reign that is here too it does,
 * and another full copy would only stall the source.
 */
async function followsAlready (parts: ServerParts, address: string, sourcePosition: Position | null): Promise<boolean> {
  const role = await parts.roles.observe()
  if (!replicatesFrom(role, address) || !parts.copy.state().complete || sourcePosition === null) return false
  return comparePositions(parts.believed.of(await readPosition(parts.database)), sourcePosition) >= 0
}

async function checkRoom ({ server }: ServerParts): Promise<void> {
  const sizes = [await stat(server.databaseFile), await stat(heartbeatFile(server))].map(found => found.size)
  const problem = await whyNoRoom(server.databaseFile, sizes.reduce((sum, size) => sum + size, 0))
  if (problem !== null) throw new FollowRefusedError(server.name, problem)
}

async function awaitCopy (parts: ServerParts, address: string, signal: AbortSignal): Promise<void> {
  const { server, timing, roles, copy } = parts
  const startMs = performance.now()
  let seen = 'nothing was seen of it yet'
  while (performance.now() - startMs < timing.resyncDeadlineMs) {
    if (signal.aborted) throw new FollowIncompleteError(server.name, `following ${address} was called off; ${seen}`, { cause: signal.reason })
    // a server in the middle of a large copy answers nothing for seconds; the deadline of the whole is what counts
    const role = await roles.observe().catch((error: Error) => { seen = error.message; return null })
    if (role !== null) {
      if (role.role === 'active') return await undoSelfPromotion(parts, address)
      if (replicatesFrom(role, address)) {
        return await copy.ends(await readPosition(parts.database))
      }
      if (role.source !== address) throw new FollowIncompleteError(server.name, `it was pointed away from ${address} to ${role.source ?? 'the placeholder'}`)
      seen = `${role.replication} ${address}`
    } else if (await parts.probe.isGone()) throw new FollowIncompleteError(server.name, 'the process ended during the resync')
    await delay(LOOK_EVERY_MS)
  }
  throw new FollowIncompleteError(server.name, `not complete after ${timing.resyncDeadlineMs} ms: ${seen}`)
}

/** A replication error (a full disk above all) leaves it active, writable and maybe empty (FACTS R N2). */
async function undoSelfPromotion (parts: ServerParts, address: string): Promise<never> {
  const { server, copy, changes, roles } = parts
  await changes.run(() => roles.toPlaceholder())
  await copy.lost(`it turned active by itself while it followed ${address}`)
  throw new FollowIncompleteError(server.name, `it turned active by itself while it followed ${address}, and was demoted; its log says why`)
}

function replicatesFrom (role: RoleObservation, address: string): boolean {
  return role.role === 'backup' && role.source === address && role.replication === 'replicating'
}
