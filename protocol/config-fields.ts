// The kinds of value in cluster.yaml. Each carries what is allowed in words (`patternErrorMessage`, which editors show
// too) and, where a pattern cannot tell, an exact check.
import { Type, type TSchemaOptions } from 'typebox'
import { DURATION_PATTERN, formatDurationMs, parseDurationMs } from './duration.ts'
import { parseIp, parsePrefix, type IpAddress } from './ip.ts'
import { parseRedisUrl } from './redis-url.ts'
import { parseSizeBytes, SIZE_PATTERN } from './size.ts'

interface Described extends TSchemaOptions {
  readonly description: string
}

/** Names are compared and stored in lower case. */
export const NAME_PATTERN = '^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$'

export function Name (description: string, options: TSchemaOptions = {}) {
  return Type.String({ description, pattern: NAME_PATTERN, patternErrorMessage: '1 to 32 letters, digits and hyphens, with no hyphen at either end', ...options })
}

export function Port (options: Described) {
  return Type.Integer({ minimum: 1, maximum: 65_535, ...options })
}

export function AbsolutePath (options: Described) {
  return Type.String({ pattern: '^/[^\\u0000-\\u001f]*$', maxLength: 4_095, patternErrorMessage: 'an absolute path', ...options })
}

/** A Unix socket's path fits into the kernel's `sun_path`: 107 bytes and a zero. */
export function SocketPath (options: Described) {
  return AbsolutePath({ maxLength: 107, ...options })
}

export function Duration (shortestMs: number, longestMs: number, byDefault: string, description: string) {
  const allowed = `a duration with its unit (400ms, 2s, 1m) from ${formatDurationMs(shortestMs)} to ${formatDurationMs(longestMs)}`
  const text = Type.String({ default: byDefault, description, pattern: DURATION_PATTERN, patternErrorMessage: allowed })
  return Type.Refine(text, value => {
    const durationMs = parseDurationMs(value)
    return durationMs !== undefined && durationMs >= shortestMs && durationMs <= longestMs
  }, value => parseDurationMs(value) === undefined ? 'is no duration' : 'is out of range')
}

export function Size (options: Described) {
  const text = Type.String({ pattern: SIZE_PATTERN, patternErrorMessage: 'a size with its unit (512MiB, 1GiB), at least 1B', ...options })
  return Type.Refine(text, value => (parseSizeBytes(value) ?? 0) > 0, () => 'is no size')
}

const NO_LISTEN_RANGES = ['multicast', 'broadcast', 'ipv4Mapped', 'rfc6145', 'discard']

/** IPv6 link-local addresses need a zone to be dialled, and a zone means something else on every host. */
function canListen (address: IpAddress | undefined): boolean {
  return address !== undefined && !NO_LISTEN_RANGES.includes(address.range) && !(address.family === 6 && address.range === 'linkLocal')
}

function isHost (address: IpAddress | undefined): boolean {
  return canListen(address) && address?.range !== 'unspecified'
}

/** An address that one host can have. Names are refused: a failover must not wait for a name server. */
export function HostAddress (options: Described) {
  const text = Type.String({ patternErrorMessage: 'an IPv4 or IPv6 address of one host, without brackets, port or prefix length; no host name, no link-local address', ...options })
  return Type.Refine(text, value => isHost(parseIp(value)), () => 'is no address of a host')
}

export function ListenAddress (options: Described) {
  const text = Type.String({ patternErrorMessage: 'an IPv4 or IPv6 address to listen on (0.0.0.0 or :: for all of them), without brackets or port', ...options })
  return Type.Refine(text, value => canListen(parseIp(value)), () => 'is no address to listen on')
}

export function VirtualAddress (options: Described) {
  const text = Type.String({ patternErrorMessage: 'an IPv4 or IPv6 address with the prefix length of its network, such as 10.0.0.100/24 or fd00::100/64; no link-local address', ...options })
  return Type.Refine(text, value => isHost(parsePrefix(value)), () => 'is no address with a prefix length')
}

export function Network (options: Described) {
  const text = Type.String({ patternErrorMessage: 'a network such as 10.0.0.0/24 or fd00::/64', ...options })
  return Type.Refine(text, value => parsePrefix(value) !== undefined, () => 'is no network')
}

export function RedisUrl (options: Described) {
  const text = Type.String({ maxLength: 1_024, patternErrorMessage: 'redis://HOST[:PORT], rediss://HOST[:PORT] or sentinel://HOST[:PORT],HOST[:PORT]/MASTER, without user or password (username, passwordFile)', ...options })
  return Type.Refine(text, value => parseRedisUrl(value) !== undefined, () => 'is no address of a Redis')
}
