import { setTimeout as delay } from 'node:timers/promises'
import { gateRemote, hasReplicationRemote, isGateRemote, replicationRemote } from './server-command.ts'
import { GateError } from './server-errors.ts'
import type { ServerParts } from './server-parts.ts'

/**
 * See OvsdbServer.openGate. Listeners on addresses that are no endpoint any more go first. The replication listener comes
 * with the first gate of a process and stays: a server is born without it, since a backup dials its source again by itself
 * within milliseconds, and would copy whatever a new file holds over its own data, with no rescue taken (S7).
 */
export async function openGate (parts: ServerParts, addresses: readonly string[]): Promise<void> {
  const { server, nodeAddress, roles } = parts
  const gates = addresses.map(address => gateRemote(server, address))
  const { remotes } = await roles.observe()
  const stale = remotes.filter(remote => isGateRemote(server, nodeAddress, remote) && !gates.includes(remote))
  if (stale.length > 0) await roles.removeRemotes(stale)
  await roles.addRemotes(hasReplicationRemote(server, nodeAddress, remotes) ? gates : [...gates, replicationRemote(server, nodeAddress)])
}

/**
 * See OvsdbServer.closeGate. Two ways lead to certainty, and each is tried until the deadline: the listeners are gone from
 * the server's own list, or the process is gone (the kernel has then closed its sockets).
 */
export async function closeGate (parts: ServerParts): Promise<void> {
  const { server, timing, probe } = parts
  const startMs = performance.now()
  for (;;) {
    if (await probe.isGone()) return
    try {
      return await withdraw(parts)
    } catch (cause) {
      if (await probe.isGone()) return
      if (performance.now() - startMs >= timing.commandTimeoutMs) {
        throw new GateError(server.name, `could not be shut for certain: ${(cause as Error).message}`, { cause })
      }
    }
    // a process that was killed needs some milliseconds to leave
    await delay(1)
  }
}

async function withdraw (parts: ServerParts): Promise<void> {
  const open = await gateRemotes(parts)
  if (open.length === 0) return
  await parts.roles.removeRemotes(open)
  const left = await gateRemotes(parts)
  if (left.length > 0) throw new GateError(parts.server.name, `still listens: ${left.join(', ')}`)
}

async function gateRemotes ({ server, nodeAddress, roles }: ServerParts): Promise<readonly string[]> {
  return (await roles.observe()).remotes.filter(remote => isGateRemote(server, nodeAddress, remote))
}
