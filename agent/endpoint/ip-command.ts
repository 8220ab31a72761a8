import { runCommand } from '../command.ts'
import type { VipAddress } from '../../protocol/cluster.ts'

/** How the kernel (and `ip -j`) says "for ever". */
const FOREVER_SEC = 0xffff_ffff

/** One address as the kernel has it, with the state of the interface that carries it. */
export interface PresentAddress {
  readonly interface: string
  readonly address: string
  readonly prefixLength: number
  /** Null: no kernel lifetime, it stays for ever. */
  readonly validSec: number | null
  readonly interfaceUp: boolean
  readonly carrier: boolean
}

export interface IpResult {
  readonly present: readonly PresentAddress[]
  /** What `ip` complained about, empty when nothing. */
  readonly words: string
}

/** The kernel counts whole seconds, and `valid_lft 0` would be refused and leave the address for ever. */
export function lifetimeSec (lifetimeMs: number): number {
  return Math.max(1, Math.ceil(lifetimeMs / 1_000))
}

/**
 * One line of an `ip -batch`: adds the address or changes its lifetime.
 *
 * IPv6: `nodad`, since waiting a second for duplicate address detection would be an outage (a duplicate is looked for
 * in the background instead), and deprecated (`preferred_lft 0`): it accepts connections and is never chosen as the
 * source of the node's own ones. IPv4 has no such flag that source selection obeys; there the node's own address comes
 * first because it was there first, and a /32 keeps the two apart altogether.
 */
export function replaceLine (address: VipAddress, device: string, seconds: number): string {
  const where = `address replace ${address.address}/${address.prefixLength} dev ${device}`
  return address.family === 6
    ? `${where} nodad valid_lft ${seconds} preferred_lft 0`
    : `${where} valid_lft ${seconds} preferred_lft ${seconds}`
}

export function deleteLine (address: string, prefixLength: number, device: string): string {
  return `address delete ${address}/${prefixLength} dev ${device}`
}

/** Lists an address wherever it is on this host, not only where it belongs: a renamed interface keeps its addresses. */
export function showLine (address: VipAddress): string {
  return `address show to ${address.address}/${address.family === 6 ? 128 : 32}`
}

/** Understands the output of `ip -j -batch` with show lines: one JSON array per line. Throws on anything else. */
export function parseAddresses (stdout: string): PresentAddress[] {
  const present: PresentAddress[] = []
  for (const line of stdout.split('\n')) {
    if (line.trim() === '') continue
    const links: unknown = JSON.parse(line)
    if (!Array.isArray(links)) throw new Error(`not a list of interfaces: ${line.slice(0, 200)}`)
    for (const link of links as readonly IpLink[]) present.push(...addressesOf(link))
  }
  return present
}

interface IpLink {
  readonly ifname?: string
  readonly flags?: readonly string[]
  readonly addr_info?: readonly { readonly local?: string, readonly prefixlen?: number, readonly valid_life_time?: number }[]
}

function addressesOf (link: IpLink): PresentAddress[] {
  const present: PresentAddress[] = []
  for (const { local, prefixlen, valid_life_time: validSec } of link.addr_info ?? []) {
    if (local === undefined || prefixlen === undefined || link.ifname === undefined) continue // `ip` writes {} for rows that its filter left out
    present.push({
      interface: link.ifname,
      address: local,
      prefixLength: prefixlen,
      validSec: validSec === undefined || validSec >= FOREVER_SEC ? null : validSec,
      interfaceUp: link.flags?.includes('UP') ?? false,
      carrier: link.flags?.includes('LOWER_UP') ?? false
    })
  }
  return present
}

/**
 * Runs the changes and then reads all addresses back, in one process (a spawn costs about a millisecond, so a renewal
 * can afford to be checked every time). A change that fails does not keep the others or the reading from happening:
 * what counts is what was read, `words` only explains it.
 */
export async function changeAndRead (changes: readonly string[], addresses: readonly VipAddress[], timeoutMs: number, signal?: AbortSignal): Promise<IpResult> {
  const input = [...changes, ...addresses.map(showLine), ''].join('\n')
  const { stdout, stderr } = await runCommand('ip', ['-j', '-force', '-batch', '-'], { input, timeoutMs, signal })
  const words = stderr.trim().replaceAll(/\s*\n\s*/g, '; ')
  const noList = (cause?: unknown) => new Error(`ip gave no list of addresses: ${words || stdout.slice(0, 200)}`, { cause })
  // one list per question, also an empty one: an `ip` that says nothing has not said that the addresses are gone
  if (stdout.split('\n').filter(line => line.trim() !== '').length < addresses.length) throw noList()
  try {
    return { present: parseAddresses(stdout), words }
  } catch (cause) {
    throw noList(cause)
  }
}
