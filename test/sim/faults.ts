import type { AgentNode } from './agent-node.ts'
import type { ControllerNode } from './controller-node.ts'
import type { Observer } from './invariants.ts'
import type { Network } from './network.ts'
import { replicationOf, type ServerModel } from './server-model.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

export interface FaultContext {
  readonly world: World
  readonly random: Random
  readonly network: Network
  readonly settings: Settings
  readonly observer: Observer
  readonly agents: readonly AgentNode[]
  readonly controllers: readonly ControllerNode[]
}

export interface Faults {
  readonly counts: () => Readonly<Record<string, number>>
  /** No more faults, and every one that lasts is over: all that can be repaired by itself must be, from here on. */
  heal (): void
}

interface Fault {
  readonly name: string
  readonly weight: number
  /** Whoever serves cannot notice it: it hits only controllers, or their links. */
  readonly controlOnly: boolean
  /** False: it could not be done now. */
  readonly strike: () => boolean
}

const PAUSED = { by: 'operator', at: '', reason: 'maintenance' }

export function startFaults (context: FaultContext): Faults {
  const { world, random, network, settings, observer, agents, controllers } = context
  const { timing } = settings.cluster
  const counts: Record<string, number> = {}
  let healed = false

  const data = agents.filter(agent => agent.servers.length > 0)
  const anyServer = (): ServerModel => random.pick(random.pick(data).servers)
  /** Faults should meet those who matter. */
  const victim = (): AgentNode => {
    const serving = agents.find(agent => agent.state()?.phase.type === 'active' || agent.state()?.phase.type === 'promoting')
    return serving !== undefined && random.chance(0.5) ? serving : random.pick(agents)
  }

  let controlOnly = false

  /** The end of a fault; it disturbs as much as its beginning. */
  function later (delayMs: number, run: () => void): void {
    const quiet = controlOnly
    world.after(delayMs, () => {
      if (healed) return
      if (!quiet) observer.disturbed()
      run()
    })
  }

  function cutFor (pairs: readonly (readonly [string, string])[], durationMs: number): void {
    for (const [from, to] of pairs) network.cut(from, to)
    later(durationMs, () => { for (const [from, to] of pairs) network.mend(from, to) })
  }

  function between (left: readonly string[], right: readonly string[], oneWay: boolean): readonly (readonly [string, string])[] {
    return left.flatMap(a => right.filter(b => b !== a).flatMap(b => oneWay ? [[a, b] as const] : [[a, b] as const, [b, a] as const]))
  }

  const names = settings.nodes
  const controllerNames = settings.controllers
  const cutMs = (): number => random.between(100, 4 * timing.leaseMs + 2_000)

  function crashAgent (agent: AgentNode): boolean {
    if (!agent.running()) return false
    agent.crash()
    later(random.chance(0.5) ? random.between(5, 200) : random.between(5, 3 * timing.leaseMs), () => agent.boot())
    return true
  }

  const faults: readonly Fault[] = [
    { name: 'agentCrash', weight: 3, controlOnly: false, strike: () => crashAgent(victim()) },
    {
      name: 'agentCrashMidway',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        if (!agent.running()) return false
        agent.crashSoon(random.whole(1, 40))
        later(random.between(200, 3 * timing.leaseMs), () => agent.boot())
        return true
      }
    },
    {
      // the one who serves freezes, and everybody who granted it forgets: only what restarted voters assume stands between two actives
      name: 'freezeAndRestartVoters',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const serving = agents.find(agent => agent.state()?.phase.type === 'active')
        if (serving === undefined) return false
        serving.pause()
        later(random.between(timing.leaseMs, 3 * timing.leaseMs + 4_000), () => serving.resume())
        const atMs = random.pick([0, random.between(0, timing.leaseMs + 1_500)])
        const spreadMs = random.pick([0, 60, 2 * timing.leaseMs])
        for (const agent of agents) {
          if (agent === serving) continue
          later(atMs + random.between(0, spreadMs), () => {
            agent.crash()
            later(random.between(1, 60), () => agent.boot())
          })
        }
        return true
      }
    },
    {
      name: 'rivalOperators',
      weight: controllers.length > 1 ? 4 : 0,
      controlOnly: false,
      strike: () => {
        for (const controller of controllers) {
          later(random.between(0, 60), () => controller.push({ type: 'switchoverAsked', commandId: 1, to: random.chance(0.5) ? null : random.pick(data).name, actor: 'operator', reason: '' }))
        }
        return true
      }
    },
    {
      name: 'agentPauseShort',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        agent.pause()
        later(random.between(5, timing.leaseMs), () => agent.resume())
        return true
      }
    },
    {
      name: 'agentPauseLong',
      weight: 4,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        agent.pause()
        later(random.between(timing.leaseMs, 3 * timing.leaseMs + 5_000), () => agent.resume())
        return true
      }
    },
    {
      name: 'hostCrash',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        agent.crashHost()
        later(random.between(100, 6_000), () => agent.boot())
        return true
      }
    },
    {
      name: 'serverCrash',
      weight: 4,
      controlOnly: false,
      strike: () => {
        const server = random.chance(0.5) ? random.pick([...victim().servers, anyServer()]) : anyServer()
        if (!server.running()) return false
        world.note(`${server.name} on ${server.node} crashes`)
        server.crash()
        return true
      }
    },
    {
      name: 'serverHang',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const server = anyServer()
        server.hang()
        later(random.between(50, 5_000), () => server.wake())
        return true
      }
    },
    {
      name: 'selfPromotion',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const server = anyServer()
        if (!server.promoteItself()) return false
        world.note(`${server.name} on ${server.node} promotes itself`)
        observer.turnedActiveByItself(server)
        return true
      }
    },
    {
      name: 'cutPair',
      weight: 3,
      controlOnly: false,
      strike: () => {
        cutFor(between([victim().name], [random.pick(names)], false), cutMs())
        return true
      }
    },
    {
      name: 'cutOneWay',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const all = random.chance(0.5) ? names : [...names, ...controllerNames]
        const [left, right] = random.chance(0.5) ? [[victim().name], all] : [all, [victim().name]]
        cutFor(between(left, right, true), cutMs())
        return true
      }
    },
    {
      // replication breaks, its source goes on for a while, unseen or seen by the controller, and is lost: nobody has its rows
      name: 'staleBackups',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const serving = data.find(agent => agent.state()?.phase.type === 'active')
        if (serving === undefined) return false
        world.note(`the backups of ${serving.name} go stale`)
        const others = data.filter(agent => agent !== serving).map(agent => replicationOf(agent.name))
        const brokenMs = random.between(2, 14) * timing.heartbeatEveryMs
        cutFor(between([replicationOf(serving.name)], others, true), brokenMs + 8_000)
        if (random.chance(0.5)) cutFor(between([serving.name], controllerNames, false), brokenMs + 8_000)
        later(brokenMs, () => {
          serving.crashHost()
          later(random.between(2_000, 12_000), () => serving.boot())
        })
        return true
      }
    },
    {
      // nothing that it says arrives, and it still hears what was said to it
      name: 'mute',
      weight: settings.race ? 25 : 2,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        world.note(`${agent.name} is mute`)
        cutFor(between([agent.name], [...names, ...controllerNames], true), cutMs())
        return true
      }
    },
    {
      name: 'isolation',
      weight: 4,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        world.note(`${agent.name} is cut off`)
        cutFor(between([agent.name], [...names, ...controllerNames], false), cutMs())
        return true
      }
    },
    {
      name: 'partition',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const all = [...names, ...controllerNames]
        const left = all.filter(() => random.chance(0.5))
        world.note(`partition: ${left.join(' ')} from the others`)
        cutFor(between(left, all.filter(one => !left.includes(one)), false), cutMs())
        return true
      }
    },
    {
      name: 'controllerCut',
      weight: 4,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllerNames)
        const agent = victim().name
        world.note(`${controller} loses ${agent}`)
        const pairs = random.chance(0.3) ? between([agent], [controller], true) : between([agent], [controller], false)
        cutFor(pairs, cutMs())
        return true
      }
    },
    {
      name: 'controllerCrash',
      weight: 2,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        if (!controller.running()) return false
        controller.crash()
        if (random.chance(0.3)) controller.forget()
        later(random.between(10, 3_000), () => controller.boot())
        return true
      }
    },
    {
      name: 'controllerPause',
      weight: 2,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        controller.pause()
        later(random.between(500, 4_000), () => controller.resume())
        return true
      }
    },
    {
      name: 'leadershipChange',
      weight: controllers.length > 1 ? 2 : 0,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        controller.lead(controller.state()?.leading !== true)
        return true
      }
    },
    {
      name: 'operatorPause',
      weight: 1,
      controlOnly: true,
      strike: () => {
        for (const controller of controllers) controller.setPaused(PAUSED)
        later(random.between(200, 6_000), () => { for (const controller of controllers) controller.setPaused(null) })
        return true
      }
    },
    {
      name: 'operatorSwitchover',
      weight: 5,
      controlOnly: false,
      strike: () => {
        const to = random.chance(0.5) ? null : random.pick(data).name
        random.pick(controllers).push({ type: 'switchoverAsked', commandId: 1, to, actor: 'operator', reason: '' })
        return true
      }
    },
    {
      name: 'operatorFailover',
      weight: 1,
      controlOnly: false,
      strike: () => {
        const to = random.chance(0.5) ? null : random.pick(data).name
        random.pick(controllers).push({ type: 'failoverAsked', commandId: 1, to, force: random.chance(0.3), actor: 'operator', reason: '' })
        return true
      }
    }
  ]

  const possible = faults.filter(fault => fault.weight > 0 && (!settings.controlFaultsOnly || fault.controlOnly))
  const total = possible.reduce((sum, fault) => sum + fault.weight, 0)

  function strike (): void {
    if (healed) return
    let at = random.next() * total
    const fault = possible.find(one => (at -= one.weight) < 0) ?? possible[0]
    controlOnly = fault?.controlOnly === true
    if (fault !== undefined && fault.strike()) {
      counts[fault.name] = (counts[fault.name] ?? 0) + 1
      if (!fault.controlOnly) observer.disturbed()
    }
    // some strike together, most apart
    world.after(random.chance(0.2) ? random.between(0, 50) : random.between(0.1, 1.9) * settings.faultEveryMs, strike)
  }

  world.after(random.between(500, 6_000), strike)

  return {
    counts: () => counts,
    heal () {
      healed = true
      world.note('everything is healed')
      observer.disturbed()
      network.heal()
      settings.commandFailure = 0
      for (const agent of agents) {
        agent.crashSoon(0)
        agent.resume()
        for (const server of agent.servers) server.wake()
        agent.boot()
      }
      for (const [at, controller] of controllers.entries()) {
        controller.boot()
        controller.resume()
        controller.setPaused(null)
        controller.lead(at === 0)
      }
    }
  }
}
