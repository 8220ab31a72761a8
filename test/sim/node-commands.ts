import type { UnitAction } from '../../agent/core/actions.ts'
import type { UnitConfig } from '../../agent/core/state.ts'
import type { Position } from '../../protocol/position.ts'
import type { LastWrites, Step } from '../../protocol/order.ts'
import type { AgentNode } from './agent-node.ts'
import type { KernelModel } from './kernel-model.ts'
import type { ServerModel } from './server-model.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

export interface Outcome { readonly error: string | null, readonly steps: readonly Step[] }

export interface CommandContext {
  readonly world: World
  readonly random: Random
  readonly settings: Settings
  readonly config: UnitConfig
  readonly servers: readonly ServerModel[]
  readonly kernel: KernelModel
  readonly peers: () => readonly AgentNode[]
  readonly localMs: () => number
  readonly finished: (op: number, outcome: Outcome) => void
  readonly started: (server: ServerModel, op: number, adopted: boolean) => void
  readonly look: (server: ServerModel) => void
  readonly gatesOpened: () => void
  /** The agent that gave the command still runs. */
  readonly alive: () => boolean
  readonly whenRunning: (run: () => void) => void
}

export interface NodeCommands {
  perform (action: UnitAction): void
}

/** nftables: the guard is asked to shut so much before the lease ends, and a commit may be so late (agent/unit.ts, agent/guard). */
const GUARD_LEAD_MS = 200
const GUARD_LATE_MAX_MS = 240
const VIP_LATE_MAX_MS = 490

/** The slow actions of one agent's life: what they do to servers and kernel, when, and what comes back (agent/operations.ts). */
export function createNodeCommands (context: CommandContext): NodeCommands {
  const { world, random, settings, config, servers, kernel, localMs, alive } = context
  /** Grows with each stop: what was begun before it may let nobody in after it. */
  let epoch = 0
  let letInUntilMs = 0
  let lingering = 0
  let guardFreeAtMs = 0
  let extending = false
  const lanes = new Map<string, number>()
  const abandoned = new Set<number>()

  const commandMs = Math.min(500, settings.commandMs * (settings.slowNodes[config.node] ?? 1))

  function takesMs (maxMs = commandMs): number {
    return random.chance(0.03) ? random.between(0.3, maxMs * 4) : random.between(0.3, maxMs)
  }

  /** Changes of one server run one after another. A command that was started ends although its agent died. */
  function onServer (server: ServerModel, run: () => string | null, then: (error: string | null) => void): void {
    const atMs = Math.max(world.now(), lanes.get(server.name) ?? 0) + takesMs()
    lanes.set(server.name, atMs)
    world.after(atMs - world.now(), () => {
      const error = settings.commandFailure > 0 && random.chance(settings.commandFailure) ? 'the command failed' : run()
      if (server.hung()) world.after(config.timing.commandTimeoutMs, () => then(error))
      else then(error)
    })
  }

  /** All at once; the first failure names the outcome. */
  function together (work: readonly ((then: (error: string | null) => void) => void)[], then: (error: string | null) => void): void {
    let left = work.length
    let failure: string | null = null
    if (left === 0) return then(null)
    for (const run of work) {
      run(error => {
        failure ??= error
        if (--left === 0) then(failure)
      })
    }
  }

  function each (run: (server: ServerModel) => string | null): ((then: (error: string | null) => void) => void)[] {
    return servers.map(server => then => onServer(server, () => run(server), then))
  }

  function finish (op: number): (error: string | null) => void {
    return error => { if (alive()) context.finished(op, { error, steps: [] }) }
  }

  /** `then` hears of an overtaking as an error, as in the real shell. */
  function letIn (mine: number, then: (error: string | null) => void): (error: string | null) => void {
    return error => {
      letInUntilMs = Math.max(letInUntilMs, world.now())
      then(error ?? (mine === epoch ? null : 'overtaken: this node must not serve'))
    }
  }

  let underWay = 0
  function begin (): () => void {
    underWay++
    let ended = false
    return () => {
      if (!ended) underWay--
      ended = true
    }
  }

  /** One nft at a time: a shutting never overtakes an opening that was asked for after it. */
  function onGuard (lateMs: number, run: () => void): void {
    const atMs = Math.max(world.now(), guardFreeAtMs) + lateMs
    guardFreeAtMs = atMs
    world.after(atMs - world.now(), run)
  }

  function openGuard (untilMs: number, then: (error: string | null) => void): void {
    const mine = epoch
    onGuard(random.chance(0.05) ? random.between(20, GUARD_LATE_MAX_MS / 2) : random.between(1, 20), () => {
      // what the wait for the lane and the command itself took is bounded: a later commit is taken back
      const lifetimeMs = untilMs - localMs() - GUARD_LEAD_MS
      if (mine !== epoch) return then('overtaken by a stop')
      if (settings.guard === 'nftables' && lifetimeMs <= 0) return then('the lease ends too soon to open the guard')
      kernel.openGuard(lifetimeMs + (random.chance(0.05) ? random.between(0, GUARD_LATE_MAX_MS) : random.between(0, 20)))
      then(null)
    })
  }

  function shutGuard (then: () => void): void {
    onGuard(random.between(1, 20), () => {
      if (!random.chance(settings.commandFailure)) kernel.shutGuard()
      then()
    })
  }

  function holdEndpoint (untilMs: number, then: (error: string | null) => void): void {
    const remainingMs = untilMs - localMs()
    if (remainingMs <= 0) return then('the lease ended before the addresses could be taken')
    const mine = ++lingering
    const since = epoch
    const lateMs = random.chance(0.05) ? random.between(20, VIP_LATE_MAX_MS) : random.between(1, 20)
    world.after(lateMs, () => {
      if (since !== epoch && mine !== lingering) return then('overtaken by a release')
      kernel.holdVip(remainingMs)
      then(null)
    })
  }

  function openGates (op: number): void {
    const ended = begin()
    const done = letIn(epoch, error => {
      ended()
      finish(op)(error)
    })
    context.gatesOpened()
    together(each(server => server.setGate(true)), done)
  }

  function takeEndpoints (op: number, untilMs: number): void {
    const ended = begin()
    const done = letIn(epoch, error => {
      ended()
      finish(op)(error)
    })
    together([then => holdEndpoint(untilMs, then), then => openGuard(untilMs, then)], done)
  }

  function extendGuard (untilMs: number, endpoints: boolean): void {
    if (extending) return
    extending = true
    const mine = epoch
    const ended = begin()
    together([
      then => openGuard(untilMs, then),
      ...(endpoints ? [(then: (error: string | null) => void) => holdEndpoint(untilMs, then)] : [])
    ], () => {
      extending = false
      ended()
      if (mine !== epoch) shutGuard(() => {})
    })
  }

  /** Closes at once, and again when everything that would let clients in has ended. */
  function stopServing (op: number, kill: readonly string[]): void {
    epoch++
    const mine = epoch
    close(kill, error => {
      if (underWay === 0) return finish(op)(error)
      whenSettled(() => { if (mine === epoch) close([], finish(op)) })
    })
  }

  function whenSettled (run: () => void): void {
    world.after(2, () => underWay === 0 || !alive() ? run() : whenSettled(run))
  }

  /** All gates shut, or the packet guard: the first is enough, the other goes on. */
  function close (kill: readonly string[], then: (error: string | null) => void): void {
    let open = true
    const certain = (error: string | null): void => {
      if (!open || error !== null) return
      open = false
      then(null)
    }
    shutGuard(() => { if (settings.guard === 'nftables' && !kernel.guardOpen()) certain(null) })
    together(servers.map(server => (done: (error: string | null) => void) => {
      if (kill.includes(server.name)) server.crash()
      onServer(server, () => server.setGate(false), done)
    }), error => {
      certain(error)
      // neither way may succeed: then the lease must run out
      world.after(config.timing.commandTimeoutMs, () => {
        if (!open) return
        open = false
        then(error)
      })
    })
  }

  function promote (op: number, position: Position, force: boolean, lastWrites: LastWrites | null): void {
    const ended = begin()
    const mine = epoch
    const done = letIn(mine, error => {
      ended()
      finish(op)(error)
    })
    const endMs = localMs() + (lastWrites?.deadlineMs ?? 0)
    const whenArrived = (): void => {
      if (!alive()) return ended()
      if (mine !== epoch) return done(null)
      const waits = lastWrites !== null && localMs() < endMs && servers.some(server => lastWrites.servers.includes(server.name) && !server.holdsMarker(lastWrites.marker))
      if (waits) world.after(5, () => { context.whenRunning(whenArrived) })
      else together(each(server => server.promote(position, force)), done)
    }
    whenArrived()
  }

  function follow (op: number, source: string, deadlineMs: number): void {
    const endMs = localMs() + deadlineMs
    const next = (at: number): void => {
      const server = servers[at]
      if (server === undefined) return finish(op)(null)
      const from = context.peers().find(peer => peer.name === source)?.servers.find(one => one.name === server.name)
      if (from === undefined || !alive() || abandoned.has(op)) return
      if (server.inStepWith(source)) return next(at + 1)
      onServer(server, () => abandoned.has(op) ? 'abandoned' : server.follow(from), error => error === null ? awaitCopy(server, at) : finish(op)(error))
    }
    const awaitCopy = (server: ServerModel, at: number): void => {
      world.after(25, () => {
        if (!alive() || abandoned.has(op)) return
        if (server.inStepWith(source)) return next(at + 1)
        if (!server.running() || server.active() || localMs() > endMs) return finish(op)('the copy was not finished')
        awaitCopy(server, at)
      })
    }
    next(0)
  }

  function awaitMarker (op: number, marker: string, deadlineMs: number): void {
    const endMs = localMs() + deadlineMs
    const lookAgain = (): void => {
      if (!alive()) return
      if (servers.every(server => server.running() && server.holdsMarker(marker))) return finish(op)(null)
      if (localMs() > endMs) return finish(op)('the marker did not arrive in time')
      world.after(10, lookAgain)
    }
    lookAgain()
  }

  function startServer (server: ServerModel, op: number): void {
    const adopted = server.running()
    if (adopted && server.hung()) {
      world.after(config.timing.commandTimeoutMs, () => finish(op)('a process is there and does not answer'))
      return
    }
    world.after(adopted ? takesMs() : random.between(20, 120), () => {
      if (!adopted) server.start()
      if (alive() && server.running()) context.whenRunning(() => context.started(server, op, adopted))
      else finish(op)('it ended while it was started')
    })
  }

  /** Ended in order, and after a while it is there again, as another process. */
  function restart (named: readonly ServerModel[], op: number): void {
    for (const server of named) server.crash()
    world.after(random.between(20, 400), () => {
      for (const server of named) if (!server.running()) server.start()
      if (!alive()) return
      for (const server of named) context.look(server)
      finish(op)(null)
    })
  }

  function one (name: string, op: number, run: (server: ServerModel) => string | null): void {
    const server = servers.find(candidate => candidate.name === name)
    if (server === undefined) return
    onServer(server, () => run(server), error => {
      context.look(server)
      finish(op)(error)
    })
  }

  function handover (op: number, marker: string): void {
    together(each(server => server.setGate(false)), error => {
      if (error !== null) return finish(op)(error)
      context.whenRunning(() => {
        if (alive()) together(each(server => server.write(marker) === null ? 'not allowed' : null), finish(op))
      })
    })
  }

  return {
    perform (action) {
      switch (action.type) {
        case 'startServer': {
          const server = servers.find(candidate => candidate.name === action.server)
          return server === undefined ? undefined : startServer(server, action.op)
        }
        case 'demoteServer': return one(action.server, action.op, server => {
          if (action.lastMarker !== null && server.setGate(false) === null) server.write(action.lastMarker)
          return server.toPlaceholder() ?? server.setGate(false)
        })
        case 'killServer': return one(action.server, action.op, server => {
          server.crash()
          return null
        })
        case 'restartServers': return restart(servers.filter(server => action.servers.some(({ name }) => name === server.name)), action.op)
        case 'convertDatabases': return finish(action.op)(null)
        case 'promoteServers': return promote(action.op, action.position, action.force, action.lastWrites)
        case 'takeEndpoints': return takeEndpoints(action.op, action.untilMs)
        case 'openGates': return openGates(action.op)
        case 'extendGuard': return extendGuard(action.untilMs, action.endpoints)
        case 'announceEndpoints': return
        case 'stopServing': return stopServing(action.op, action.kill)
        case 'releaseEndpoints': {
          const mine = ++lingering
          world.after(action.afterMs + takesMs(), () => { context.whenRunning(() => { if (mine === lingering && alive()) kernel.dropVip() }) })
          return
        }
        case 'beginHandover': return handover(action.op, action.marker)
        case 'freezeServers':
          shutGuard(() => {})
          return together(each(server => server.toPlaceholder()), finish(action.op))
        case 'awaitMarker': return awaitMarker(action.op, action.marker, action.deadlineMs)
        case 'followSource': return follow(action.op, action.source, action.deadlineMs)
        case 'abandonFollow':
          abandoned.add(action.op)
          return
        case 'writeHeartbeat': return together(each(server => server.writePosition(action.position)), finish(action.op))
        default: throw new Error(`${action.type} is no command`)
      }
    }
  }
}
