import { agentFaults } from './agent-faults.ts'
import { resumeHost } from '../host.ts'
import { controlFaults } from './control-faults.ts'
import { createFaultTools, type FaultContext } from './fault-tools.ts'
import { networkFaults } from './network-faults.ts'
import { operatorFaults } from './operator-faults.ts'
import { pairFaults } from './pair-faults.ts'
import { raceFaults } from './race-faults.ts'
import { serverFaults } from './server-faults.ts'
import { tearTogether } from './torn-together.ts'
import { voterFaults } from './voter-faults.ts'

export interface Faults {
  readonly counts: () => Readonly<Record<string, number>>
  /** No more faults, and every one that lasts is over: all that can be repaired by itself must be, from here on. */
  heal (): void
}

export function startFaults (context: FaultContext): Faults {
  const { world, random, network, settings, observer, agents, controllers } = context
  const counts: Record<string, number> = {}
  let healed = false
  let controlOnly = false

  const tools = createFaultTools(context, (delayMs, run) => {
    const quiet = controlOnly
    world.after(delayMs * settings.pace, () => {
      if (healed) return
      if (!quiet) observer.disturbed()
      run()
    })
  })
  const possible = [...agentFaults(tools), ...serverFaults(tools), ...networkFaults(tools), ...controlFaults(tools), ...operatorFaults(tools), ...voterFaults(tools), ...raceFaults(tools), ...pairFaults(tools)]
    .filter(fault => fault.weight > 0 && (!settings.controlFaultsOnly || fault.controlOnly))
  // everything at once hides what a few kinds do together: half of the lives know only some of them
  const some = settings.race || random.chance(0.5) ? possible : possible.filter(() => random.chance(0.4))
  const drawn = some.length > 0 ? some : possible
  const total = drawn.reduce((sum, fault) => sum + fault.weight, 0)

  tearTogether(tools, name => { counts[name] = (counts[name] ?? 0) + 1 })

  function strike (): void {
    if (healed) return
    let at = random.next() * total
    const fault = drawn.find(one => (at -= one.weight) < 0) ?? drawn[0]
    controlOnly = fault?.controlOnly === true
    if (fault !== undefined && fault.strike()) {
      counts[fault.name] = (counts[fault.name] ?? 0) + 1
      if (!fault.controlOnly) observer.disturbed()
    }
    // some strike together, most apart
    world.after(random.chance(0.2) ? random.between(0, 50) : random.between(0.1, 1.9) * settings.faultEveryMs, strike)
  }

  world.after(random.between(500, 6_000) * settings.pace, strike)

  return {
    counts: () => counts,
    heal () {
      healed = true
      world.note('everything is healed')
      observer.disturbed()
      network.heal()
      settings.commandFailure = 0
      settings.rescueFailure = 0
      for (const agent of agents) {
        agent.crashSoon(0)
        agent.disk.setFull(false)
        resumeHost(agent)
        agent.boot()
      }
      for (const [at, controller] of controllers.entries()) {
        controller.crashSoon(0)
        controller.boot()
        controller.resume()
        controller.setPaused(null)
        controller.lead(at === 0)
      }
    }
  }
}
