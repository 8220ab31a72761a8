// Which addresses this host listens on.
import { readdir, readlink } from 'node:fs/promises'
import { kernelEnd, kernelSockets } from './kernel-sockets.ts'

/** A passive remote for clients or replicas, as in `ptcp:6641:10.0.0.100` and `pssl:6641:[fd00::1]`; null for `punix:` and others. */
export function parsePassive (remote: string): { readonly port: number, readonly address: string } | null {
  const [, port, bracketed, plain] = /^p(?:tcp|ssl):(\d+)(?::(?:\[([^\]]+)\]|(.+)))?$/.exec(remote) ?? []
  return port === undefined ? null : { port: Number(port), address: bracketed ?? plain ?? '0.0.0.0' }
}

/**
 * Whether a socket listens on exactly this remote; with a pid, one of that process (where we may
 * look at its descriptors). A process that ended has none.
 */
export async function isListening (remote: string, pid: number | null): Promise<boolean> {
  const passive = parsePassive(remote)
  if (passive === null) return false
  const inodes = await listeningInodes(passive.address, passive.port)
  if (inodes.size === 0 || pid === null) return inodes.size > 0
  return await ownsOneOf(pid, inodes)
}

async function listeningInodes (address: string, port: number): Promise<ReadonlySet<string>> {
  const wanted = kernelEnd(address, port)
  return new Set((await kernelSockets(address, 'listening')).filter(({ local }) => local === wanted).map(({ inode }) => inode))
}

async function ownsOneOf (pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  const directory = `/proc/${pid}/fd`
  const fds = await unlessGone(readdir(directory), [])
  if (fds === null) return true // not ours to look at: the table alone has to do
  for (const fd of fds) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(await unlessGone(readlink(`${directory}/${fd}`), '') ?? '') ?? []
    if (inode !== undefined && inodes.has(inode)) return true
  }
  return false
}

/** Descriptors and processes come and go while one looks. Null: we lack the right to look. */
async function unlessGone<T> (reading: Promise<T>, otherwise: T): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT' || code === 'ESRCH') return otherwise
    if (code === 'EACCES' || code === 'EPERM') return null
    throw error
  }
}
