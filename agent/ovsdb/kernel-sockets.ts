// The kernel's own table of TCP sockets: what listens and what is connected, without a connect test that would make a session.
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

const STATES = { established: '01', listening: '0A' } as const

export interface KernelSocket {
  /** Address and port as the table prints them; compare with `kernelEnd`. */
  readonly local: string
  readonly remote: string
  /** Never used twice while the host runs (but for a wrap of 32 bits). */
  readonly inode: string
}

/** The sockets in one state, of the family of this address. */
export async function kernelSockets (address: string, state: keyof typeof STATES): Promise<readonly KernelSocket[]> {
  const table = await readFile(isIPv6(address) ? '/proc/net/tcp6' : '/proc/net/tcp', 'latin1')
  const sockets: KernelSocket[] = []
  for (const line of table.split('\n')) {
    const [, local, remote, code, , , , , , inode] = line.trim().split(/\s+/)
    if (code === STATES[state] && local !== undefined && remote !== undefined && inode !== undefined) sockets.push({ local, remote, inode })
  }
  return sockets
}

/** An address as /proc/net/tcp prints it: words of four bytes in the host's byte order (little-endian on every machine that Node 24 supports but s390x). */
export function kernelEnd (address: string, port: number): string {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray())
  return `${bytes.swap32().toString('hex').toUpperCase()}:${port.toString(16).toUpperCase().padStart(4, '0')}`
}
