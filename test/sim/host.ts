import type { AgentNode } from './agent-node.ts'

// What happens to a whole host: its agent, its servers, its kernel and its disk.

/** Power is lost; `agent.boot` brings it up again. A disk that lies had not stored all that it said. */
export function crashHost (agent: AgentNode, diskLies: boolean): void {
  agent.crash()
  for (const server of agent.servers) server.crash()
  agent.kernel.reset()
  if (diskLies) agent.disk.loseLast()
}

/** All of its processes are stopped (SIGSTOP, a starved machine); its kernel lives, and so do its timers. */
export function freezeHost (agent: AgentNode): void {
  agent.pause()
  for (const server of agent.servers) server.hang()
}

export function thawHost (agent: AgentNode): void {
  for (const server of agent.servers) server.wake()
  agent.resume()
}

/** The whole machine stands still, clock and timers too: a virtual machine that is paused or migrated. */
export function suspendHost (agent: AgentNode): void {
  freezeHost(agent)
  agent.kernel.suspend()
  agent.clock.suspend()
}

export function resumeHost (agent: AgentNode): void {
  agent.clock.resume()
  agent.kernel.resume()
  thawHost(agent)
}
