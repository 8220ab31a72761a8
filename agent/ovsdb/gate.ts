import { setTimeout as delay } from 'node:timers/promises'
import { gateRemote, isGateRemote } from './server-command.ts'
import { GateError } from './server-errors.ts'
import type { ServerParts } from './server-parts.ts'

/** See OvsdbServer.openGate. Listeners on addresses that are no endpoint any more go first. */
export async function openGate (parts: ServerParts, addresses: readonly string[]): Promise<void> {
  const { server, roles } = parts
  const wanted = addresses.map(address => gateRemote(server, address))
  const stale = (await gateRemotes(parts)).filter(remote => !wanted.includes(remote))
  if (stale.length > 0) await roles.removeRemotes(stale)
  await roles.addRemotes(wanted)
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
