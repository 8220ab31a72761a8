import type { AgentNode } from '../agent-node.ts'
import { repairVoter } from '../operator.ts'
import { crashHost, freezeHost, resumeHost, suspendHost, thawHost } from '../host.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** Agents and hosts that die, freeze and come back. */
export function agentFaults ({ world, random, settings, observer, agents, timing, victim, later }: FaultTools): readonly Fault[] {
  const outage = (): number => random.chance(0.5) ? random.between(5, timing.leaseMs) : random.between(timing.leaseMs, 3 * timing.leaseMs + 5_000)
  let torn = false

  function crashAgent (agent: AgentNode): boolean {
    if (!agent.running()) return false
    agent.crash()
    later(random.chance(0.5) ? random.between(5, 200) : random.between(5, 3 * timing.leaseMs), () => agent.boot())
    return true
  }

  return [
    {
      name: 'agentCrash',
      weight: 3,
      controlOnly: false,
      strike: () => crashAgent(victim())
    },
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
        crashHost(agent, settings.mode === 'lyingDisk')
        later(random.between(100, 6_000), () => agent.boot())
        return true
      }
    },
    {
      name: 'hostFreeze',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        world.note(`${agent.name} freezes as a whole`)
        freezeHost(agent)
        later(outage(), () => thawHost(agent))
        return true
      }
    },
    {
      name: 'machineSuspended',
      weight: settings.mode === 'stoppedTimers' ? 4 : 0,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        world.note(`${agent.name} stands still, its clock and timers too`)
        suspendHost(agent)
        later(outage(), () => resumeHost(agent))
        return true
      }
    },
    {
      name: 'voterDiskFull',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        world.note(`the disk of ${agent.name} takes nothing`)
        agent.disk.setFull(true)
        later(outage(), () => agent.disk.setFull(false))
        return true
      }
    },
    {
      // more than one may forget what a majority must remember: the guide allows one at a time
      name: 'tornVoterFile',
      weight: agents.length > 2 ? 1 : 0,
      controlOnly: false,
      strike: () => {
        const agent = victim()
        if (torn || !agent.running()) return false
        torn = true
        agent.crash()
        agent.disk.tear()
        later(random.between(5, 3 * timing.leaseMs), () => agent.boot())
        later(random.between(2_000, 12_000), () => repairVoter({ world, observer, agents, leaseMs: timing.leaseMs, later }, agent))
        return true
      }
    }
  ]
}
