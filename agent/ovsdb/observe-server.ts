import { stat } from 'node:fs/promises'
import type { Position } from '../../protocol/position.ts'
import type { ServerObservation } from '../server.ts'
import { HEARTBEAT_DATABASE, readPosition } from './heartbeat.ts'
import type { RoleObservation } from './role-control.ts'
import { isPartlyActive } from './role-observation.ts'
import { isGateRemote } from './server-command.ts'
import type { Look } from './server-probe.ts'
import type { ServerParts } from './server-parts.ts'
import { connectionsTo } from './source-connections.ts'

type Details = Omit<ServerObservation, 'health' | 'reason' | 'overdue' | 'pid' | 'version' | 'fileBytes'>

/**
 * See OvsdbServer.observe: one look at everything but the version, and what follows from it for the copy. A server that
 * answers its echo and then falls silent is reported as what it then is, and not after a command's deadline.
 */
export function createObserver (parts: ServerParts): () => Promise<ServerObservation> {
  let asking: Promise<Details | Error> | null = null

  const patienceMs = Math.max(parts.timing.probeEveryMs, PATIENCE_MIN_MS)

  /** One question at a time: a stalled server finds few when it wakes. Null while there is no answer. */
  async function ask (look: Look, epoch: number | null): Promise<Details | Error | null> {
    if (asking !== null && await within(asking, patienceMs) === null) return null
    asking = readDetails(parts, look, epoch).catch((error: Error) => error).finally(() => { asking = null })
    return await within(asking, patienceMs)
  }

  return async () => {
    const epoch = parts.changes.epoch()
    const look = await parts.probe.look()
    const fileBytes = await stat(parts.server.databaseFile).then(found => found.size, () => 0)
    const blank = { ...unknownServer(''), ...copyFacts(parts), fileBytes }
    if (look.health !== 'up') return { ...blank, ...pidOf(look), health: look.health, reason: look.reason, overdue: look.overdue }
    const details = await ask(look, epoch)
    if (details !== null && !(details instanceof Error)) return { ...blank, ...details, ...pidOf(look), health: 'up', reason: null }
    // it answered its echo, and no more: silent by now, gone, or alive and not to be understood
    const again = await parts.probe.look()
    const reason = details === null ? 'it answers its echo, and no question about its role yet' : details.message
    return again.health === 'up'
      ? { ...blank, ...pidOf(again), health: details === null ? 'busy' : 'unknown', reason }
      : { ...blank, ...pidOf(again), health: again.health, reason: again.reason, overdue: again.overdue }
  }
}

/** The questions of one observation are several round trips, and now and then an fsync. */
const PATIENCE_MIN_MS = 250

async function readDetails (parts: ServerParts, look: Look, epoch: number | null): Promise<Details> {
  const role = await parts.roles.observe()
  const position = await positionOf(parts, role)
  const connections = role.source === null ? [] : await connectionsTo(role.source)
  await parts.copy.meet(look.process, null, role)
  // what was seen while a change ran says nothing about a server that promoted itself or finished a copy
  if (epoch !== null && epoch === parts.changes.epoch()) {
    parts.believed.look(role, connections, position)
    await parts.copy.observed(role, look.process, position)
  }
  return { ...copyFacts(parts), role: roleOf(parts, role), source: role.source, replication: role.replication, position: parts.believed.of(position), gateOpen: hasGate(parts, role) }
}

/** One active database is enough to be demoted for, where nobody promoted the server (S5). */
function roleOf ({ copy }: ServerParts, role: RoleObservation): RoleObservation['role'] {
  return isPartlyActive(role) && !copy.state().promoted ? 'active' : role.role
}

/** Null when the promise is not settled in time; it is not ended. */
async function within<T> (promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(() => late.resolve(null), timeoutMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function pidOf (look: Look): Pick<ServerObservation, 'pid'> {
  return { pid: look.process?.pid ?? null }
}

/** Nothing could be asked at all. */
export function unknownServer (reason: string): ServerObservation {
  return {
    health: 'unknown',
    reason,
    overdue: false,
    role: 'unknown',
    source: null,
    replication: 'none',
    complete: false,
    incompleteReason: reason,
    position: null,
    hasRows: false,
    pid: null,
    version: null,
    fileBytes: 0,
    gateOpen: false
  }
}

function copyFacts ({ copy }: ServerParts): Pick<ServerObservation, 'complete' | 'incompleteReason' | 'hasRows'> {
  const { complete, reason } = copy.state()
  return { complete, incompleteReason: complete ? null : reason, hasRows: copy.hasRows() }
}

async function positionOf ({ database }: ServerParts, role: RoleObservation): Promise<Position | null> {
  return role.databases.includes(HEARTBEAT_DATABASE) ? await readPosition(database) : null
}

function hasGate ({ server, nodeAddress }: ServerParts, role: RoleObservation): boolean {
  return role.remotes.some(remote => isGateRemote(server, nodeAddress, remote))
}
