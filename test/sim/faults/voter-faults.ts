import { voterList } from '../../../controller/core/voters.ts'
import type { AgentNode } from '../agent-node.ts'
import type { ControllerNode } from '../controller-node.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** Operators who change the voters at the worst moment: in a row, against each other, while nodes die and links break. */
export function voterFaults ({ world, random, settings, timing, agents, controllers, names, controllerNames, serving, later, when, cutFor, between, cutMs }: FaultTools): readonly Fault[] {
  const weight = (often: number): number => settings.voterChanges ? often : 0

  function change (controller: ControllerNode): void {
    const state = controller.state()
    if (state === null) return
    const voters = voterList({ cluster: settings.cluster, controller: controller.name }, state).names
    const node = random.pick(names)
    controller.push({ type: 'votersAsked', commandId: 3, change: voters.includes(node) ? 'remove' : 'add', node, actor: 'operator', reason: '' })
  }

  /** Several, each as soon as the last may have ended, or sooner. */
  function inARow (): void {
    const controller = random.pick(controllers)
    const gapMs = random.pick([5, 30, 120, 400])
    for (let at = 0; at < random.whole(2, 6); at++) later(at * gapMs + random.between(0, gapMs), () => change(controller))
  }

  function isolate (name: string): void {
    cutFor(between([name], [...names, ...controllerNames], random.chance(0.3)), cutMs())
  }

  function generationOf (agent: AgentNode): number {
    const side = agent.state()?.voterSide
    return side?.type === 'voting' ? side.voter.record.voters.generation : 0
  }

  return [
    {
      // the active has taken the new list and tells nobody, the controllers forget; whoever serves next changes something else
      name: 'voterChangeOrphaned',
      weight: weight(6),
      controlOnly: false,
      strike: () => {
        const active = serving()
        if (active === undefined) return false
        const before = generationOf(active)
        change(random.pick(controllers))
        when(() => generationOf(active) > before, 0.5, 600, () => {
          world.note(`${active.name} is cut off when it has taken a new list`)
          const forMs = 3 * timing.leaseMs + settings.slackMs + 6_000
          cutFor(between([active.name], [...names, ...controllerNames], false), forMs)
          for (const controller of controllers) {
            controller.crash()
            later(random.between(5, 300), () => controller.boot())
          }
          when(() => agents.some(agent => agent !== active && agent.state()?.phase.type === 'active'), 50, forMs, () => {
            for (let at = 1; at <= 4; at++) later(at * 150, () => change(random.pick(controllers)))
          })
        })
        return true
      }
    },
    {
      name: 'voterChange',
      weight: weight(8),
      controlOnly: true,
      strike: () => {
        change(random.pick(controllers))
        return true
      }
    },
    {
      name: 'voterChangesInARow',
      weight: weight(10),
      controlOnly: true,
      strike: () => {
        inARow()
        return true
      }
    },
    {
      // whoever counts by which list is left alone with it, for longer than its lease
      name: 'voterChangeCut',
      weight: weight(12),
      controlOnly: false,
      strike: () => {
        if (random.chance(0.5)) inARow()
        else change(random.pick(controllers))
        const active = serving()?.name
        later(random.pick([random.between(0, 15), random.between(0, 400)]), () => {
          world.note('cut in the middle of a change of the voters')
          if (active !== undefined && random.chance(0.6)) return isolate(active)
          const all = [...names, ...controllerNames]
          const left = all.filter(() => random.chance(0.5))
          cutFor(between(left, all.filter(one => !left.includes(one)), false), cutMs())
        })
        return true
      }
    },
    {
      name: 'voterChangeCrash',
      weight: weight(8),
      controlOnly: false,
      strike: () => {
        if (random.chance(0.5)) inARow()
        else change(random.pick(controllers))
        for (const agent of agents) {
          if (random.chance(0.5)) continue
          later(random.between(0, 60), () => {
            agent.crash()
            later(random.between(1, 300), () => agent.boot())
          })
        }
        return true
      }
    },
    {
      name: 'voterChangeControllerCrash',
      weight: weight(4),
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        change(controller)
        later(random.between(0, 40), () => {
          controller.crash()
          later(random.between(1, 1_500), () => controller.boot())
        })
        return true
      }
    },
    {
      name: 'rivalVoterChanges',
      weight: controllers.length > 1 ? weight(10) : 0,
      controlOnly: true,
      strike: () => {
        for (const controller of controllers) later(random.between(0, 20), () => change(controller))
        return true
      }
    }
  ]
}
