// A planned restart of a backup's servers: the program may have been replaced meanwhile, so the new process is the new
// version. A server that is another process than the order names was restarted since, and is left alone: the order may be repeated.
// Where it is to be converted, another process proves nothing: that is refused, and ordered again.
import type { Step } from '../../protocol/order.ts'
import type { OrderRefusal } from './actions.ts'
import { addSteps, answer, setServer, takeId, type Stepped } from './stepped.ts'
import type { Asked, OrderOf, UnitConfig, UnitState } from './state.ts'

export function restart (config: UnitConfig, state: UnitState, order: OrderOf<'restart'>, asked: Asked, refuse: (refusal: OrderRefusal) => Stepped): Stepped {
  const { phase } = state
  if (phase.type !== 'backup') return refuse({ kind: 'busy', doing: phase.type })
  // a copy that is cut off leaves the node without one
  if (phase.follow !== null) return refuse({ kind: 'busy', doing: `copying from ${phase.follow.source}` })
  const servers: Array<{ readonly name: string, readonly convertTo: string | null }> = []
  for (const { name, pid, convertTo = null } of order.servers) {
    if (!config.servers.includes(name)) return refuse({ kind: 'notReady', why: `it has no server ${name}` })
    const server = state.servers[name]
    if (server === undefined || server.observation === null) return refuse({ kind: 'notReady', why: `server ${name} was not seen yet` })
    if (server.busyOp !== null) return refuse({ kind: 'notReady', why: `server ${name} is being changed (${server.busyOp.kind})` })
    const { health, pid: seenPid } = server.observation
    if (health !== 'up') return refuse({ kind: 'notReady', why: `server ${name} is ${health}` })
    if (seenPid === pid) servers.push({ name, convertTo })
    // it came back by itself, with the schema of before: the order is not done
    else if (convertTo !== null) return refuse({ kind: 'notReady', why: `server ${name} is process ${seenPid ?? 'unknown'} now, and ${pid} was to be converted` })
  }
  if (servers.length === 0) return [state, answer(asked, null)]
  const [op, counted] = takeId(state)
  const busy = servers.reduce((next, { name }) => setServer(next, name, { busyOp: { op, kind: 'restart' } }), counted)
  return [{ ...busy, waits: { ...busy.waits, [op]: asked } }, [{ type: 'restartServers', servers, op }]]
}

/** Null when that operation was no restart. What did not come up is started again like any server that is down. */
export function restartEnded (state: UnitState, op: number, error: string | null, steps: readonly Step[]): Stepped | null {
  const names = Object.entries(state.servers).flatMap(([name, { busyOp }]) => busyOp?.kind === 'restart' && busyOp.op === op ? [name] : [])
  if (names.length === 0) return null
  const { [op]: asked = null, ...waits } = state.waits
  const idle = names.reduce((next, name) => setServer(next, name, { busyOp: null, observation: null, observedFromMs: 0, startAtMs: null, startAttempts: 0, startProblem: error }), { ...state, waits })
  return [idle, [
    ...(error === null ? [{ type: 'happened', kind: 'serversRestarted', message: `${names.join(' and ')} ${names.length === 1 ? 'was' : 'were'} restarted as ordered`, facts: { servers: names.join(' ') } } as const] : []),
    ...answer(asked === null ? null : addSteps(asked, steps), error)
  ]]
}

/** The active converts its databases while it serves; its backups have the new schema already, or copy anew. */
export function convert (config: UnitConfig, state: UnitState, order: OrderOf<'convert'>, asked: Asked, refuse: (refusal: OrderRefusal) => Stepped): Stepped {
  const { phase } = state
  if (phase.type !== 'active' || phase.lease.term !== order.term) return refuse({ kind: 'notServing' })
  const unknown = order.servers.find(({ name }) => !config.servers.includes(name))
  if (unknown !== undefined) return refuse({ kind: 'notReady', why: `it has no server ${unknown.name}` })
  const [op, next] = takeId(state)
  return [{ ...next, waits: { ...next.waits, [op]: asked } }, [{ type: 'convertDatabases', servers: order.servers, op }]]
}
