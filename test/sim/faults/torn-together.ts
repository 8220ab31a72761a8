import { forceQuorum, repairVoter } from '../operator.ts'
import type { FaultTools } from './fault-tools.ts'

const LOOK_EVERY_MS = 1_000
const BOOT_AFTER_MS = 400

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
      later(BOOT_AFTER_MS + LOOK_EVERY_MS, () => repairVoter({ world, observer, agents, leaseMs: timing.leaseMs, later }, agent))
    }
    look()
  })

  function look (): void {
    later(LOOK_EVERY_MS, () => {
      forceQuorum(world, agents, controllers)
      look()
    })
  }
}
