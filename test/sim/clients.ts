import type { AgentNode } from './agent-node.ts'
import type { Observer } from './invariants.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

export interface Clients {
  readonly acknowledged: () => number
}

/** Clients write through the endpoint to whichever node answers there, and remember what was acknowledged. */
export function startClients (world: World, random: Random, settings: Settings, agents: readonly AgentNode[], observer: Observer): Clients {
  let acknowledged = 0
  const hosts = new Map(settings.servers.map(name => [name, agents.flatMap(agent => agent.servers.filter(server => server.name === name).map(server => ({ agent, server })))]))

  function write (name: string): void {
    for (const { agent, server } of hosts.get(name) ?? []) {
      if (!agent.serves(server)) continue
      const row = server.write(null)
      if (row === null) continue
      acknowledged++
      observer.acknowledged(server, agent.servingTerm(), row)
    }
    world.after(random.between(0.2, 1.8) * settings.writeEveryMs, () => write(name))
  }

  for (const name of settings.servers) write(name)
  return { acknowledged: () => acknowledged }
}
