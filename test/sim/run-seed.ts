import { holdMsOf } from '../../agent/core/lease.ts'
import type { UnitConfig } from '../../agent/core/state.ts'
import { createAgentNode, type AgentNode } from './agent-node.ts'
import { startClients } from './clients.ts'
import { createControllerNode, type ControllerNode } from './controller-node.ts'
import { startFaults } from './faults/faults.ts'
import { createObserver } from './invariants.ts'
import { createKernelModel } from './kernel-model.ts'
import { MODES, type ModeName } from './modes.ts'
import { withMembership } from './membership.ts'
import { createNetwork } from './network.ts'
import { createNodeClock } from './node-clock.ts'
import { createOperator, repairVoter } from './operator.ts'
import { createServerModel, type ServerModel } from './server-model.ts'
import { drawPace, drawSettings, type Settings } from './settings.ts'
import { startWishes } from './wishes.ts'
import { createRandom, createWorld, type Random } from './world.ts'

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly string[]
  /** Of each violation. */
  readonly rules: readonly string[]
  /** The mode allows each of them. */
  readonly expected: boolean
  readonly digest: string
  readonly simulatedMs: number
  readonly settledAfterMs: number
  readonly events: number
  readonly acknowledged: number
  readonly faults: Readonly<Record<string, number>>
  /** `failover done`, `switchover undone` and so on. */
  readonly operations: Readonly<Record<string, number>>
  readonly trace: readonly string[]
}

/** From the end of all faults until somebody serves and every backup follows: the longest waits of the code, one after another, in a quick life. */
const SETTLE_MAX_MS = 90_000
const SETTLE_LOOK_MS = 250
/** Any number: the draw of the pace shares its seed with the life, and not its generator. */
const PACE_STREAM = 0x5eed_5eed
/** The same of what operators want. */
const WISH_STREAM = 0x0a17_ed00

/** One life of one cluster: everything may happen, then everything is healed and must settle. */
export function runSeed (seed: number, mode: ModeName = 'normal'): SeedResult {
  const world = createWorld()
  const random = createRandom(seed)
  const settings = withMembership(drawSettings(random, mode, drawPace(createRandom(seed ^ PACE_STREAM), mode)), seed)
  const network = createNetwork(world, random.fork(), settings.network)
  const agents: AgentNode[] = []
  const observer = createObserver(world, settings, () => agents)
  for (const name of settings.nodes) {
    const clock = createNodeClock(world, drawRate(random, settings, name), random.between(1_000, 1_000_000))
    const kernel = createKernelModel(world, random.fork(), settings.guard, clock.rate, observer.servingMayHaveBegun)
    const servers: ServerModel[] = []
    const context = { world, random: random.fork(), network, settings, changed: observer.servingMayHaveBegun, diskLost: observer.diskLost, onTrouble: (server: ServerModel) => agents.find(agent => agent.name === server.node)?.look(server) }
    if (settings.dataNodes.includes(name)) for (const server of settings.servers) servers.push(createServerModel(context, name, server))
    agents.push(createAgentNode({ world, random: random.fork(), network, settings, observer, peers: () => agents }, unitConfig(settings, name), clock, servers, kernel))
  }
  const controllers = settings.controllers.map(name => createControllerNode({ world, random: random.fork(), network, settings, observer, agents }, name, drawRate(random, settings, name)))
  const clients = startClients(world, random.fork(), settings, agents, observer)
  for (const starts of [...agents, ...controllers]) world.after(random.between(0, 1_500), () => starts.boot())
  const faults = startFaults({ world, random: random.fork(), network, settings, observer, agents, controllers })
  const wishes = startWishes({ world, random: createRandom(seed ^ WISH_STREAM), settings, controllers })
  world.note(describe(settings))
  world.runUntil(settings.safetyMs)
  faults.heal()
  wishes.heal()
  const settledAfterMs = observer.violations.length > 0 ? 0 : settle()
  if (observer.violations.length === 0) observer.countRows()

  function settle (): number {
    const settleMs = SETTLE_MAX_MS * settings.pace
    const endMs = settings.safetyMs + settleMs
    const operator = createOperator(world, agents, controllers[0])
    for (const agent of agents) if (agent.disk.torn()) repairVoter({ world, observer, agents, leaseMs: settings.cluster.timing.leaseMs, later: world.after }, agent)
    while (world.now() < endMs && observer.violations.length === 0) {
      if (isSettled(agents)) return world.now() - settings.safetyMs
      operator.look()
      world.runUntil(world.now() + SETTLE_LOOK_MS * settings.pace)
    }
    if (observer.violations.length === 0) observer.violate(`I6 not settled ${settleMs} ms after everything was healed: ${whyNot(settings, agents, controllers)}`)
    return settleMs
  }

  const operations: Record<string, number> = {}
  for (const controller of controllers) for (const [key, count] of Object.entries(controller.operationsEnded())) operations[key] = (operations[key] ?? 0) + count
  return {
    seed,
    violations: observer.violations,
    rules: observer.rules,
    expected: observer.rules.every(rule => MODES[mode].mayBreak.includes(rule)),
    digest: world.digest(),
    simulatedMs: world.now(),
    settledAfterMs,
    events: world.events(),
    acknowledged: clients.acknowledged(),
    faults: { ...faults.counts(), ...wishes.counts() },
    operations,
    trace: world.trace()
  }
}

function drawRate (random: Random, { slowClock, clockRates: { min, max } }: Settings, name: string): number {
  if (slowClock !== null) return name === slowClock ? min : max
  return random.between(min, max)
}

function unitConfig (settings: Settings, node: string): UnitConfig {
  const witness = !settings.dataNodes.includes(node)
  const sources = Object.fromEntries(settings.dataNodes.map(name => [name, Object.fromEntries(settings.servers.map(server => [server, `tcp:${name}:${server}`]))]))
  return {
    cluster: settings.cluster.name,
    node,
    boot: '',
    witness,
    voters: settings.nodes,
    servers: witness ? [] : settings.servers,
    sources,
    timing: settings.cluster.timing,
    guardKind: settings.guard,
    slackMs: settings.slackMs,
    longestHoldMs: holdMsOf(settings.cluster.timing.leaseMs, settings.slackMs)
  }
}

function isSettled (agents: readonly AgentNode[]): boolean {
  const active = agents.find(agent => agent.state()?.phase.type === 'active')
  if (active === undefined || !active.servers.every(server => active.serves(server))) return false
  return agents.every(agent => agent.state()?.voterSide.type === 'voting' && (agent === active || agent.servers.every(server => server.inStepWith(active.name))))
}

function whyNot (settings: Settings, agents: readonly AgentNode[], controllers: readonly ControllerNode[]): string {
  const nodes = agents.map(agent => `${agent.name} ${agent.state()?.phase.type ?? 'dead'} (${agent.servers.map(server => `${server.name} ${JSON.stringify(server.observe())}`).join(', ')})`)
  return `${nodes.join('; ')}; the controller: ${controllers[0]?.state()?.hold?.message ?? 'no hold'}, ${JSON.stringify(controllers[0]?.state()?.operation ?? null)}, ${JSON.stringify(controllers[0]?.state()?.followRetries ?? null)}; ${describe(settings)}`
}

function describe (settings: Settings): string {
  const { cluster, dataNodes, nodes, voters, controllers, servers, guard, network } = settings
  const { leaseMs, renewEveryMs, suspectAfterMs, heartbeatEveryMs, maxLagHeartbeats } = cluster.timing
  return `${dataNodes.length} data nodes of ${nodes.length}${settings.voterChanges ? `, voters at first ${voters.join(' ')}` : ''}, ${controllers.length} controllers, servers ${servers.join(' ')}, guard ${guard}; lease ${leaseMs} ms renewed every ${renewEveryMs}, suspect ${suspectAfterMs}, heartbeat ${heartbeatEveryMs} lag ${maxLagHeartbeats}; delay ${network.delayMinMs.toFixed(2)} to ${network.delayMaxMs} ms, loss ${network.loss.toFixed(2)}, twice ${network.duplication.toFixed(2)}; commands ${settings.commandMs} ms fail ${settings.commandFailure.toFixed(2)}, fsync ${settings.fsyncMs}, replication lag ${settings.replicationLagMs}${settings.pace === 1 ? '' : `; ${settings.pace.toFixed(1)} times slower`}`
}
