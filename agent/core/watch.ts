// What time and observations demand of the state as it is, whatever event woke us (level-based): leases that lapse,
// servers that died or hang, servers that promoted themselves, rounds and heartbeats that are due.
import type { UnitAction } from './actions.ts'
import { isHeld, isHopeless, newLease } from './lease.ts'
import { sendRound } from './rounds.ts'
import { beginPromotion, beginStop, finishStop, giveBack, reopen, reopenGates, stopTerm, takeEndpoints } from './serving.ts'
import { answer, chain, enter, setServer, takeId, type Stepped } from './stepped.ts'
import { leaseOf, type ServerState, type UnitConfig, type UnitState } from './state.ts'

/** The agent stops by itself this long before its lease ends (S2); the packet guard, where there is one, has shut by then (S4). */
const STOP_BEFORE_MS = 50
const START_BACKOFF_MS = [0, 100, 250, 500, 1_000, 2_000, 5_000] as const

/** Brings the state to where nothing more is due at `nowMs`. Each pass does at most one transition; passes are bounded by the phases there are. */
export function settle (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  let next = state
  const actions: UnitAction[] = []
  for (let pass = 0; pass < 8; pass++) {
    const [after, more] = settlePhase(config, next, nowMs)
    actions.push(...more)
    if (after === next) break
    next = after
  }
  const [tended, more] = tendServers(config, next, nowMs)
  return [tended, more.length === 0 ? actions : [...actions, ...more]]
}

function settlePhase (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const { phase } = state
  switch (phase.type) {
    case 'witness':
    case 'backup':
      return [state, []]
    case 'starting':
      return phase.settled.length < config.servers.length ? [state, []] : afterStart(config, state, nowMs)
    case 'stopping':
      return nowMs >= phase.certainAtMs ? finishStop(config, state, phase, 'lapsed', nowMs) : [state, []]
    case 'resuming': {
      const lost = notActive(config, state)
      if (isHeld(phase.lease, nowMs)) return takeEndpoints(state, phase.lease, null, nowMs)
      if (lost !== null) return beginStop(config, state, 'roleLost', lost, nowMs)
      if (isHopeless(phase.lease)) return beginStop(config, state, 'superseded', 'a majority of the voters granted a newer term', nowMs)
      if (nowMs >= phase.giveUpAtMs) return beginStop(config, state, 'leaseLapsed', 'after its restart the agent found no majority for its lease', nowMs)
      return roundIfDue(config, state, nowMs)
    }
    case 'acquiring': {
      const settled = config.servers.every(name => state.servers[name]?.busyOp === null)
      if (isHeld(phase.lease, nowMs) && settled) return beginPromotion(config, state, phase, nowMs)
      const hopeless = isHopeless(phase.lease)
      if (!hopeless && nowMs < phase.giveUpAtMs) return roundIfDue(config, state, nowMs)
      const late = settled ? 'no majority of the voters granted the lease in time' : 'a server was still being started or demoted'
      const reason = hopeless ? 'a majority of the voters granted a newer term' : late
      return chain(giveBack(config, enter(state, { type: 'backup', follow: null }, nowMs), phase.lease.term, false, nowMs),
        next => [next, answer(phase.asked, reason)])
    }
    case 'promoting':
    case 'active':
    case 'handingOver':
      return settleServing(config, state, nowMs)
    default:
      phase satisfies never
      return [state, []]
  }
}

/** Serving, or about to: the lease, then the servers, then what is merely due. */
function settleServing (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const { phase } = state
  const lease = leaseOf(phase)
  if (lease === null) return [state, []]
  if (nowMs >= lease.untilMs - STOP_BEFORE_MS) return beginStop(config, state, 'leaseLapsed', 'no majority of the voters renewed its lease', nowMs)
  if (isHopeless(lease)) return beginStop(config, state, 'superseded', 'a majority of the voters granted a newer term', nowMs)
  for (const name of config.servers) {
    const observation = state.servers[name]?.observation
    if (observation?.health === 'down') return beginStop(config, state, 'serverDown', `server ${name}: ${observation.reason ?? 'down'}`, nowMs)
    if (observation?.health === 'hung') return beginStop(config, state, 'serverHung', `server ${name}: ${observation.reason ?? 'hung'}`, nowMs)
    if (phase.type === 'active' && freshRole(state, name) === 'backup') return beginStop(config, state, 'roleLost', `server ${name} became a backup behind the agent's back`, nowMs)
  }
  if (phase.type === 'active' && gateLost(config, state)) return reopenGates(state, phase, nowMs)
  if (phase.type === 'handingOver' && phase.stage === 'waiting' && nowMs >= phase.giveUpAtMs) return reopen(state, phase, null, nowMs)
  return chain(roundIfDue(config, state, nowMs), next => heartbeatIfDue(config, next, nowMs))
}

/** A gate that was closed behind the agent's back (by hand, by a late command): an active without one serves nobody. */
function gateLost (config: UnitConfig, state: UnitState): boolean {
  return config.servers.some(name => {
    const server = state.servers[name]
    return server?.observation?.health === 'up' && !server.observation.gateOpen && server.observedFromMs > state.phaseSinceMs
  })
}

function roundIfDue (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const lease = leaseOf(state.phase)
  return lease !== null && nowMs >= lease.nextRoundAtMs ? sendRound(config, state, nowMs) : [state, []]
}

function heartbeatIfDue (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const { phase } = state
  if (phase.type !== 'active' || phase.heartbeatOp !== null || nowMs < phase.nextHeartbeatAtMs) return [state, []]
  const [op, next] = takeId(state)
  const sequence = phase.sequence + 1
  const position = { term: phase.lease.term, sequence, writer: config.node }
  return [{ ...next, phase: { ...phase, sequence, heartbeatOp: op, nextHeartbeatAtMs: nowMs + config.timing.heartbeatEveryMs } },
    [{ type: 'writeHeartbeat', op, position }]]
}

/**
 * Every server answered or failed once. A node whose own term was never given back resumes it when all its servers
 * still run as it left them; otherwise they were born backups, nothing serves, and the term is given back (S2, S5).
 */
function afterStart (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  const record = state.voterSide.type === 'voting' ? state.voterSide.voter.record : null
  const mine = record !== null && record.holder === config.node && record.released === null && record.term > state.ownRelease.term
  const backup = enter(state, { type: 'backup', follow: null }, nowMs)
  if (!mine) return [backup, []]
  const lost = notActive(config, state)
  // a server that still runs may have its gate open under the guard of the lease before: shut first, then give back
  if (lost !== null) return stopTerm(config, state, { term: record.term, untilMs: nowMs + config.timing.leaseMs, served: true, asked: null }, 'roleLost', lost, nowMs)
  const lease = newLease(record.term, [], nowMs)
  const giveUpAtMs = nowMs + config.timing.leaseMs + config.slackMs
  return [enter(state, { type: 'resuming', lease, giveUpAtMs }, nowMs), [
    { type: 'happened', kind: 'resuming', message: `${config.node} found its servers active and asks for term ${record.term} again`, facts: { term: record.term } }
  ]]
}

/** Why not all servers are up and active, or null when they are. */
function notActive (config: UnitConfig, state: UnitState): string | null {
  for (const name of config.servers) {
    const observation = state.servers[name]?.observation ?? null
    if (observation === null) return `server ${name} was not seen yet`
    if (observation.health === 'down' || observation.health === 'hung') return `server ${name} is ${observation.health}`
    if (observation.role !== 'active') return `server ${name} is ${observation.role}`
  }
  return null
}

/** Servers that are down are started, hung ones are killed, and one that is active without the lease is demoted at once (S5). */
function tendServers (config: UnitConfig, state: UnitState, nowMs: number): Stepped {
  let next = state
  const actions: UnitAction[] = []
  for (const name of config.servers) {
    const [after, more] = tendServer(next, name, nowMs)
    next = after
    actions.push(...more)
  }
  return [next, actions]
}

function tendServer (state: UnitState, name: string, nowMs: number): Stepped {
  const server = state.servers[name]
  const { phase } = state
  if (server === undefined || server.busyOp !== null) return [state, []]
  if (phase.type === 'starting' && phase.settled.includes(name) === false && server.startAtMs === null) return startServer(state, name, server)
  if (phase.type !== 'backup' && phase.type !== 'starting') return [state, []]
  const health = server.observation?.health ?? (server.startProblem === null ? 'unknown' : 'down')
  if (health === 'hung') return begin(state, name, 'kill', op => ({ type: 'killServer', server: name, op }))
  if (health === 'down') {
    if (server.startAtMs === null) return [setServer(state, name, { startAtMs: nowMs + backoffMs(server.startAttempts) }), []]
    return nowMs >= server.startAtMs ? startServer(state, name, server) : [state, []]
  }
  const active = freshRole(state, name) === 'active'
  const gateOpen = server.observation?.gateOpen === true && server.observedFromMs >= state.phaseSinceMs
  if (phase.type === 'backup' && (active || gateOpen)) {
    return chain(begin(state, name, 'demote', op => ({ type: 'demoteServer', server: name, op, lastMarker: null })), next => [next, [{
      type: 'happened',
      kind: active ? 'unsanctionedActive' : 'unsanctionedGate',
      message: active
        ? `server ${name} is active without the lease: it promoted itself or was promoted by hand, and is demoted; its gate was ${gateOpen ? 'open behind the guard, and is closed' : 'never open'}`
        : `server ${name} has a gate without the lease, left by an agent that was ended; it is closed`,
      facts: { server: name, gateOpen }
    }]])
  }
  return [state, []]
}

/** The role as seen by a look that began in this phase; an older look says nothing about it. */
function freshRole (state: UnitState, name: string): 'active' | 'backup' | 'unknown' {
  const server = state.servers[name]
  if (server === undefined || server.observation === null || server.observedFromMs < state.phaseSinceMs) return 'unknown'
  return server.observation.role
}

function startServer (state: UnitState, name: string, server: ServerState): Stepped {
  const counted = setServer(state, name, { startAttempts: server.startAttempts + 1, startAtMs: null })
  return begin(counted, name, 'start', op => ({ type: 'startServer', server: name, op }))
}

function begin (state: UnitState, name: string, kind: 'start' | 'demote' | 'kill', action: (op: number) => UnitAction): Stepped {
  const [op, next] = takeId(state)
  return [setServer(next, name, { busyOp: { op, kind } }), [action(op)]]
}

function backoffMs (attempts: number): number {
  return START_BACKOFF_MS[Math.min(attempts, START_BACKOFF_MS.length - 1)] ?? 5_000
}

/** The next moment at which something is due by itself; null when nothing is. */
export function nextDueMs (state: UnitState): number | null {
  const { phase } = state
  let firstMs = Infinity
  const due = (atMs: number): void => { if (atMs < firstMs) firstMs = atMs }
  const lease = leaseOf(phase)
  if (lease !== null) due(lease.nextRoundAtMs)
  if (lease !== null && lease.untilMs > 0) due(lease.untilMs - STOP_BEFORE_MS)
  if (phase.type === 'active' && phase.heartbeatOp === null) due(phase.nextHeartbeatAtMs)
  if (phase.type === 'acquiring' || phase.type === 'resuming') due(phase.giveUpAtMs)
  if (phase.type === 'handingOver' && phase.stage === 'waiting') due(phase.giveUpAtMs)
  if (phase.type === 'stopping') due(phase.certainAtMs)
  for (const server of Object.values(state.servers)) if (server.busyOp === null && server.startAtMs !== null) due(server.startAtMs)
  return firstMs === Infinity ? null : firstMs
}
