import { leaseOf } from '../../../agent/core/state.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** What goes wrong only when several things meet, more seldom than chance would bring them together. */
export function raceFaults ({ world, random, network, agents, data, controllers, timing, serving, later, cutFor, between, names, controllerNames }: FaultTools): readonly Fault[] {
  return [
    {
      // it gives its term back, nobody hears that, its agent starts anew, and the order that gave it the term comes once more
      name: 'unheardRelease',
      weight: 4,
      controlOnly: false,
      strike: () => {
        const node = serving()
        const phase = node?.state()?.phase
        if (node === undefined || phase === undefined) return false
        const term = leaseOf(phase)?.term
        const order = controllers.map(one => one.promotionSent(node.name)).find(one => one?.term === term)
        if (order === null || order === undefined) return false
        world.note(`${node.name} gives term ${order.term} back and nobody hears it; the order of that term comes once more`)
        const unheardMs = random.between(300, timing.leaseMs)
        cutFor(between([node.name], [...names, ...controllerNames], true), unheardMs)
        if (random.chance(0.5)) {
          for (const controller of controllers) {
            controller.pause()
            later(random.between(unheardMs, 3 * timing.leaseMs + 2_000), () => controller.resume())
          }
        }
        random.pick(node.servers).crash()
        later(random.between(20, unheardMs), () => {
          node.crash()
          later(random.between(1, 100), () => node.boot())
        })
        for (let times = 0; times < 4; times++) later(unheardMs + random.between(0, timing.leaseMs), () => node.order(order, () => {}))
        return true
      }
    },
    {
      // two believe that they lead; one sees less than the other, and what it sends is late: it takes a term for a choice that the other's failover has overtaken
      name: 'lateRival',
      weight: controllers.length > 1 ? 3 : 0,
      controlOnly: false,
      strike: () => {
        const node = serving()
        const unseen = random.pick(data)
        if (node === undefined || unseen === node) return false
        const late = random.pick(controllerNames)
        world.note(`${late} is late and does not see ${unseen.name}, and another leads as well`)
        for (const controller of controllers) controller.lead(true)
        cutFor(between([unseen.name], [late], false), timing.suspectAfterMs + 2 * timing.leaseMs)
        later(timing.suspectAfterMs + random.between(0, timing.leaseMs / 2), () => {
          for (const agent of agents) network.delay(late, agent.name, random.between(timing.leaseMs / 2, 3 * timing.leaseMs))
          random.pick(node.servers).crash()
        })
        later(timing.suspectAfterMs + random.between(timing.leaseMs / 2, 2 * timing.leaseMs), () => { for (const agent of agents) network.delay(late, agent.name, 0) })
        return true
      }
    }
  ]
}
