import type { TimingConfig } from '../../../protocol/cluster.ts'
import type { AgentNode } from '../agent-node.ts'
import type { ControllerContext, ControllerNode } from '../controller-node.ts'
import type { ServerModel } from '../server-model.ts'
import { slower } from '../settings.ts'

export interface Fault {
  readonly name: string
  readonly weight: number
  /** Whoever serves cannot notice it: it hits only controllers, or their links. */
  readonly controlOnly: boolean
  /** False: it could not be done now. */
  readonly strike: () => boolean
}

export interface FaultContext extends ControllerContext {
  readonly controllers: readonly ControllerNode[]
}

export type Pair = readonly [from: string, to: string]

/** What the lists of faults share. */
export interface FaultTools extends FaultContext {
  /** That of a quick life, as everything that faults say of time: `later` makes it as long as it is in this one. */
  readonly timing: TimingConfig
  readonly names: readonly string[]
  readonly controllerNames: readonly string[]
  /** The nodes with servers. */
  readonly data: readonly AgentNode[]
  readonly anyServer: () => ServerModel
  /** Faults should meet those who matter: often whoever serves. */
  readonly victim: () => AgentNode
  readonly serving: () => AgentNode | undefined
  /** The end of a fault; it disturbs as much as its beginning, and never comes once all is healed. */
  later (delayMs: number, run: () => void): void
  /** Looks again until it is so, for at most that long. */
  when (condition: () => boolean, everyMs: number, withinMs: number, run: () => void): void
  cutFor (pairs: readonly Pair[], durationMs: number): void
  between (left: readonly string[], right: readonly string[], oneWay: boolean): readonly Pair[]
  readonly cutMs: () => number
}

export function createFaultTools (context: FaultContext, later: FaultTools['later']): FaultTools {
  const { random, network, settings, agents } = context
  const timing = slower(settings.cluster.timing, 1 / settings.pace)
  const data = agents.filter(agent => agent.servers.length > 0)

  function when (condition: () => boolean, everyMs: number, withinMs: number, run: () => void): void {
    if (condition()) return run()
    if (withinMs > 0) later(everyMs, () => when(condition, everyMs, withinMs - everyMs, run))
  }

  return {
    ...context,
    timing,
    names: settings.nodes,
    controllerNames: settings.controllers,
    data,
    anyServer: () => random.pick(random.pick(data).servers),
    victim () {
      const serving = agents.find(agent => agent.state()?.phase.type === 'active' || agent.state()?.phase.type === 'promoting')
      return serving !== undefined && random.chance(0.5) ? serving : random.pick(agents)
    },
    serving: () => data.find(agent => agent.state()?.phase.type === 'active'),
    later,
    when,
    cutFor (pairs, durationMs) {
      for (const [from, to] of pairs) network.cut(from, to)
      later(durationMs, () => { for (const [from, to] of pairs) network.mend(from, to) })
    },
    between: (left, right, oneWay) => left.flatMap(a => right.filter(b => b !== a).flatMap(b => oneWay ? [[a, b] as const] : [[a, b] as const, [b, a] as const])),
    cutMs: () => random.between(100, 4 * timing.leaseMs + 2_000)
  }
}
