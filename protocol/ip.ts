// IP addresses in one spelling, so that two texts for one address compare as equal.
import ipaddr from 'ipaddr.js'

export type Family = 4 | 6

export interface IpAddress {
  /** The canonical text: RFC 5952 for IPv6. */
  readonly text: string
  readonly family: Family
  /** `unicast`, `private`, `uniqueLocal`, `loopback`, `linkLocal`, `multicast`, `unspecified`, `broadcast`, … */
  readonly range: string
}

export interface IpPrefix extends IpAddress {
  readonly prefixLength: number
}

type Parsed = ReturnType<typeof ipaddr.parse>

/** Undefined for anything but a plain address: no names, brackets, zones, ports, short or octal IPv4 forms. */
export function parseIp (text: string): IpAddress | undefined {
  if (text.includes('%')) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { text, family: 4, range: ipaddr.parse(text).range() }
  if (!ipaddr.IPv6.isValid(text)) return undefined
  const parsed = ipaddr.IPv6.parse(text)
  return { text: parsed.toRFC5952String(), family: 6, range: parsed.range() }
}

/** An address with its prefix length, `10.0.0.100/24`; undefined for anything else. */
export function parsePrefix (text: string): IpPrefix | undefined {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const parsed = address === undefined ? undefined : parseIp(address)
  const prefixLength = Number(length)
  if (parsed === undefined || prefixLength > (parsed.family === 4 ? 32 : 128)) return undefined
  return { ...parsed, prefixLength }
}

/** Whether the prefix's network holds the address; never across families. */
export function holds (prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.family !== address.family) return false
  return (ipaddr.parse(address.text) as Parsed).match([ipaddr.parse(prefix.text), prefix.prefixLength])
}

/** The network's own address or the IPv4 broadcast address: no host may have it. */
export function isReserved (prefix: IpPrefix): boolean {
  const cidr = `${prefix.text}/${prefix.prefixLength}`
  if (prefix.family === 6) return prefix.prefixLength < 127 && ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String() === prefix.text
  if (prefix.prefixLength >= 31) return false
  return [ipaddr.IPv4.networkAddressFromCIDR(cidr), ipaddr.IPv4.broadcastAddressFromCIDR(cidr)].some(one => one.toString() === prefix.text)
}
