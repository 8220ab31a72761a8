import type { RedisServer } from './cluster.ts'

const REDIS_PORT = 6_379
const SENTINEL_PORT = 26_379

/** `redis://`, `rediss://` or `sentinel://`; undefined for anything else, also for one that holds a user or a password. */
export function parseRedisUrl (text: string): RedisServer | undefined {
  const [, scheme, hosts = '', master] = /^(redis|rediss|sentinel):\/\/([^/@?#\s]+)(?:\/([A-Za-z0-9._-]+))?$/.exec(text) ?? []
  if (scheme === undefined || (scheme === 'sentinel') !== (master !== undefined)) return undefined
  const places = hosts.split(',').map(host => parseHost(host, scheme === 'sentinel' ? SENTINEL_PORT : REDIS_PORT))
  if (!places.every(place => place !== undefined)) return undefined
  if (scheme === 'sentinel' && master !== undefined) return { type: 'sentinel', text, sentinels: places, master, tls: false }
  const [place, second] = places
  return place === undefined || second !== undefined ? undefined : { type: 'instance', text, ...place, tls: scheme === 'rediss' }
}

/** A name, an IPv4 address, or an IPv6 address in brackets, with or without a port. */
function parseHost (text: string, byDefault: number): { readonly host: string, readonly port: number } | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = inBrackets ?? plain
  const port = digits === undefined ? byDefault : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
