import type { Fault, FaultTools } from './fault-tools.ts'

/** What only controllers notice: whoever serves must go on serving. */
export function controlFaults ({ world, random, controllers, victim, later, cutFor, between, controllerNames, cutMs }: FaultTools): readonly Fault[] {
  return [
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
      name: 'controllerCrashMidway',
      weight: 3,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        if (!controller.running()) return false
        controller.crashSoon(random.whole(1, 30))
        later(random.between(1_000, 4_000), () => controller.boot())
        return true
      }
    },
    {
      // it fails over to a replica that lacks the last writes, or was emptied; whoever leads restores from it when it next looks
      name: 'storeForgets',
      weight: 1,
      controlOnly: true,
      strike: () => {
        for (const controller of controllers) {
          if (random.chance(0.5)) controller.forget()
          else controller.rewind()
        }
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
    }
  ]
}
