import { invariant } from '../../protocol/invariant.ts'
import { kernelEnd, kernelSockets } from './kernel-sockets.ts'

/** Names each connection of this host to a source (`tcp:10.0.0.1:16641`) that is established now; a new connection never has the name of an old one. */
export async function connectionsTo (source: string): Promise<readonly string[]> {
  const [, bracketed, plain, port] = /^(?:tcp|ssl):(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(source) ?? []
  const address = bracketed ?? plain
  invariant(address !== undefined, `not the address of a source: ${source}`)
  const wanted = kernelEnd(address, Number(port))
  return (await kernelSockets(address, 'established')).filter(({ remote }) => remote === wanted).map(({ inode }) => inode).toSorted()
}
