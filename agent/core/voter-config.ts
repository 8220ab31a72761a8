// What this node's voter needs to know of its configuration.
import type { UnitConfig } from './state.ts'
import type { VoterConfig } from './voter.ts'

export function voterConfig (config: UnitConfig): VoterConfig {
  const { leaseMs } = config.timing
  // a renewal is due long before: a holder silent until shortly before its lease ends is lost, one that restarts in between is not
  return { name: config.node, stillRenewingMs: leaseMs - Math.min(100, leaseMs / 10), longestHoldMs: config.longestHoldMs }
}
