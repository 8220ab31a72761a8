import { createHash } from 'node:crypto'
import type { ClusterConfig } from './cluster.ts'

const DIGEST_CHARACTERS = 16

/**
 * A digest of what all nodes of a cluster must agree on: members, servers, endpoints, timing, guard, companions. Paths of files and
 * sockets are left out, since hosts may differ in them; so is the order in which members and keys are written. Nodes whose
 * files differ report different digests (S11).
 */
export function configDigest (cluster: ClusterConfig): string {
  const agreed = {
    name: cluster.name,
    members: cluster.members.toSorted((a, b) => a.name < b.name ? -1 : 1),
    servers: cluster.servers.map(({ name, database, listen, replicationPort, marker, connections }) => ({ name, database, listen, replicationPort, ...(marker === null ? {} : { marker }), ...(connections === null ? {} : { connections }) })),
    endpoints: cluster.endpoints,
    timing: cluster.timing,
    guard: cluster.guard,
    ...(cluster.companions.length === 0 ? {} : { companions: cluster.companions.map(({ name, run: { type }, required }) => ({ name, type, required })) })
  }
  return createHash('sha256').update(JSON.stringify(sorted(agreed))).digest('hex').slice(0, DIGEST_CHARACTERS)
}

function sorted (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, sorted(inner)]))
}
