// One agent per node: a second one would answer for the same vote, from a memory of its own.
import { mkdir, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { AddressNotHereError, NodeRunsAlreadyError } from './start-errors.ts'

export interface Claim {
  /** The end of the process gives it back too. */
  release (): Promise<void>
}

/**
 * Claims a state directory for this process, or says who has it. The claim is a name in the kernel (an abstract socket of the host's
 * network), made of the directory's own number: it holds whatever path leads there, and ends with the process, however that dies.
 * Rejects with NodeRunsAlreadyError when another process has it.
 */
export async function claimStateDirectory (directory: string, node: string): Promise<Claim> {
  await mkdir(directory, { recursive: true, mode: 0o711 })
  const { dev, ino } = await stat(directory)
  const server = createServer(socket => socket.destroy())
  try {
    await listening(server, `\0ovsdb-ha-agent-${dev}-${ino}`)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    throw new NodeRunsAlreadyError(node, `the state directory ${directory} is in use by an agent of this host`, cause)
  }
  server.unref()
  return { release: () => new Promise(resolve => { server.close(() => resolve()) }) }
}

/** What `listen` failed with, in words that name the likely mistake; anything else stays what it is. */
export function listenError (error: unknown, { node, address, port }: { readonly node: string, readonly address: string, readonly port: number }): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE': return new NodeRunsAlreadyError(node, `something listens on ${address} port ${port} already, which is node ${node}'s`, error)
    case 'EADDRNOTAVAIL': return new AddressNotHereError(node, address, error)
    default: return error
  }
}

function listening (server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
