import { voterList } from '../../../controller/core/voters.ts'
import type { AgentNode } from '../agent-node.ts'
import { crashHost } from '../host.ts'
import { servesAlone } from '../operator.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** The worst that may happen to two nodes of which one serves without the other (S9). */
export function pairFaults ({ world, random, network, settings, timing, agents, controllers, names, controllerNames, serving, later, when, cutFor, between }: FaultTools): readonly Fault[] {
  const weight = (often: number): number => settings.mode === 'pair' ? often : 0

  function forgetAll (): void {
    for (const controller of controllers) {
      controller.forget()
      controller.crash()
      later(random.between(1, 600), () => controller.boot())
    }
  }

  function listOf (agent: AgentNode): { readonly generation: number, readonly names: readonly string[] } {
    const side = agent.state()?.voterSide
    return side?.type === 'voting' ? side.voter.record.voters : { generation: 0, names: [] }
  }

  /** Only controllers hear of it; then it goes on alone, or does not; then nobody hears of it, and whoever is left has to go on by what they know. */
  function leave (left: AgentNode): void {
    const others = names.filter(name => name !== left.name)
    const forMs = random.between(7_000, 11_000)
    cutFor(between([left.name], others, false), forMs)
    cutFor(between(others, controllerNames, false), forMs)
    when(() => servesAlone(left), 20, forMs - 500, () => {
      world.note(`${left.name} goes on alone by generation ${listOf(left).generation} and is cut off from all`)
      cutFor(between([left.name], [...names, ...controllerNames], false), forMs + 3 * timing.leaseMs + settings.slackMs + 6_000)
      forgetAll()
      for (const agent of agents) if (agent !== left) later(random.between(1, 800), () => agent.boot())
    })
  }

  return [
    {
      // what the other one served meanwhile is on its disk alone, and nobody is left who remembers that it did
      name: 'otherOneReturns',
      weight: weight(8),
      controlOnly: false,
      strike: () => {
        const alone = agents.find(servesAlone)
        if (alone === undefined) return false
        crashHost(alone, false)
        later(random.between(8_000, 20_000), () => alone.boot())
        for (const agent of agents) if (agent !== alone) later(random.between(1, 400), () => agent.boot())
        forgetAll()
        return true
      }
    },
    {
      // a renewal from before the other one was powered off comes after it is back: whoever sent it has served alone meanwhile
      name: 'lateRenewal',
      weight: weight(10),
      controlOnly: false,
      strike: () => {
        const active = serving()
        const other = agents.find(agent => agent !== active && agent.running())
        if (active === undefined || other === undefined || servesAlone(active) || listOf(active).names.length !== 2 || !listOf(active).names.includes(other.name)) return false
        network.delay(active.name, other.name, 20_000)
        later(1.5 * timing.renewEveryMs, () => {
          network.delay(active.name, other.name, 0)
          crashHost(other, false)
          const link = between([active.name], [other.name], false)
          for (const [from, to] of link) network.cut(from, to)
          let mended = false
          const mend = (): void => {
            if (!mended) for (const [from, to] of link) network.mend(from, to)
            mended = true
          }
          later(12_000, mend)
          when(() => servesAlone(active), 20, 9_000, () => later(random.between(200, 1_500), () => {
            crashHost(active, false)
            forgetAll()
            mend()
            other.boot()
            later(random.between(10_000, 15_000), () => active.boot())
          }))
        })
        return true
      }
    },
    {
      // nobody but controllers hears of whoever serves alone; is a new list taken, its other voters know nothing of that lease
      name: 'listWhileAlone',
      weight: settings.voterChanges ? weight(15) : 0,
      controlOnly: false,
      strike: () => {
        const active = serving()
        if (active === undefined) return false
        const { generation, names: pair } = listOf(active)
        const other = agents.find(agent => agent !== active && pair.includes(agent.name))
        const joining = names.find(name => !pair.includes(name))
        if (pair.length !== 2 || other === undefined || joining === undefined) return false
        if (!servesAlone(active)) crashHost(other, false)
        when(() => servesAlone(active), 20, 9_000, () => {
          other.boot()
          // what the other one may have granted before it was powered off is over then
          const forMs = 1.05 * (timing.leaseMs + settings.slackMs) + random.between(300, 1_500)
          cutFor(between([active.name], names, false), forMs + 6_000)
          later(forMs, () => {
            const controller = random.pick(controllers)
            controller.push({ type: 'votersAsked', commandId: 3, change: 'add', node: joining, actor: 'operator', reason: '' })
            when(() => listOf(active).generation > generation, 0.5, 2_500, () => later(random.between(1, 30), () => {
              world.note(`${active.name} serves alone, has taken generation ${listOf(active).generation}, and is cut off from all`)
              cutFor(between([active.name], controllerNames, false), 6_000)
              for (let atMs = 0; atMs < timing.leaseMs; atMs += 50) later(atMs, () => controller.push({ type: 'failoverAsked', commandId: 1, to: other.name, force: true, actor: 'operator', reason: '' }))
            }))
          })
        })
        later(20_000, () => other.boot())
        return true
      }
    },
    {
      // the active has taken a new list and the other one has not: each of two may believe to be one of two
      name: 'leftWithAList',
      weight: settings.voterChanges ? weight(60) : 0,
      controlOnly: false,
      strike: () => {
        const active = serving()
        const [controller] = controllers
        const state = controller?.state() ?? null
        if (active === undefined || controller === undefined || state === null) return false
        const before = listOf(active)
        const known = voterList({ cluster: settings.cluster, controller: controller.name }, state).names
        const grows = known.length === 2
        const [node] = names.filter(name => name !== active.name && known.includes(name) !== grows)
        if (node === undefined) return false
        controller.push({ type: 'votersAsked', commandId: 3, change: grows ? 'add' : 'remove', node, actor: 'operator', reason: '' })
        when(() => listOf(active).generation > before.generation, 0.5, 1_500, () => {
          const other = agents.find(agent => agent !== active && agent.name !== node && listOf(active).names.includes(agent.name))
          if (other === undefined || listOf(other).generation > before.generation) return
          world.note(`${active.name} has taken generation ${listOf(active).generation}, and ${other.name} has not`)
          // what the active told of the new list is forgotten
          if (grows) forgetAll()
          leave(grows ? other : active)
        })
        return true
      }
    }
  ]
}
