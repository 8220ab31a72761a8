import { forceQuorum, repairVoter } from '../operator.ts'
import type { FaultTools } from './fault-tools.ts'

const LOOK_EVERY_MS = 250
const BOOT_AFTER_MS = 100
const HASTE_MS = 150

/**
 * Several voters lose their word at one moment. As long as a majority remembers, one after another is repaired; if none is left,
 * the cluster must hold until an operator forces a quorum, who does so as soon as the product allows it, amid all other faults.
 */
export function tearTogether ({ world, settings, observer, agents, controllers, timing, later }: FaultTools, count: (fault: string) => void): void {
  const { tornTogether } = settings
  if (tornTogether === null) return
  const victims = agents.filter(agent => tornTogether.nodes.includes(agent.name))
  later(tornTogether.atMs, () => {
    world.note(`the voter files of ${tornTogether.nodes.join(' ')} are damaged`)
    count('tornTogether')
    for (const [at, agent] of victims.entries()) {
      agent.crash()
      agent.disk.tear()
      later(BOOT_AFTER_MS + at * 10, () => agent.boot())
      later(1_000, () => repairVoter({ world, observer, agents, leaseMs: timing.leaseMs, later }, agent))
    }
    look()
  })

  function look (): void {
    later(LOOK_EVERY_MS, () => {
      if (forceQuorum(world, agents, controllers)) {
        // in all haste, while what the damaged voters granted still runs
        for (const controller of controllers) later(HASTE_MS, () => controller.push({ type: 'failoverAsked', commandId: 5, to: null, force: true, actor: 'operator', reason: '' }))
      }
      look()
    })
  }
}
