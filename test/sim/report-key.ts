import { leaseOf, type UnitConfig, type UnitState } from '../../agent/core/state.ts'

/** What makes an agent send a report at once: everything but the passing of time. */
export function reportKey (config: UnitConfig, state: UnitState, nowMs: number): string {
  const { phase, voterSide, ownRelease } = state
  const lease = leaseOf(phase)
  let key = `${phase.type} ${lease?.term ?? 0} ${lease !== null && lease.untilMs > nowMs} ${ownRelease.term} ${ownRelease.served}`
  if (voterSide.type === 'voting') {
    const { record, grants } = voterSide.voter
    key += ` ${record.term} ${record.holder} ${record.released?.served} ${record.previous?.term}`
    for (const grant of grants) if (grant.untilMs > nowMs) key += ` ${grant.holder} ${grant.term}`
  }
  for (const name of config.servers) {
    const seen = state.servers[name]?.observation
    key += seen === undefined || seen === null ? ' -' : ` ${seen.health} ${seen.role} ${seen.source} ${seen.replication} ${seen.complete} ${seen.hasRows} ${seen.position?.term} ${seen.gateOpen}`
  }
  return key
}
