import type { Fault, FaultTools } from './fault-tools.ts'

/** Cuts between nodes, both ways or one way. */
export function networkFaults ({ world, random, settings, network, timing, victim, later, cutFor, between, names, controllerNames, cutMs }: FaultTools): readonly Fault[] {
  return [
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
      // what is sent meanwhile arrives long after anybody waits for it
      name: 'lateDelivery',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const agent = victim().name
        const all = [...names, ...controllerNames]
        const pairs = random.chance(0.5) ? between([agent], all, true) : between(all, [agent], true)
        world.note(`what is sent ${pairs[0]?.[0] === agent ? 'from' : 'to'} ${agent} comes late`)
        const lateMs = random.between(timing.leaseMs / 2, 3 * timing.leaseMs + 2_000)
        for (const [from, to] of pairs) network.delay(from, to, lateMs * settings.pace)
        later(random.between(100, timing.leaseMs), () => { for (const [from, to] of pairs) network.delay(from, to, 0) })
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
    }
  ]
}
