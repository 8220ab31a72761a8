import type { AgentNode } from '../agent-node.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** Agents and hosts that die, freeze and come back. */
export function agentFaults ({ random, agents, timing, victim, later }: FaultTools): readonly Fault[] {
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
        agent.crashHost()
        later(random.between(100, 6_000), () => agent.boot())
        return true
      }
    }
  ]
}
