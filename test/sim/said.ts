import { leaseOf, type UnitConfig, type UnitState } from '../../agent/core/state.ts'
import type { GrantState } from '../../agent/core/voter.ts'
import type { ServerObservation } from '../../agent/server.ts'

/** What an agent knew when it last spoke. */
export interface Said {
  readonly state: UnitState
  readonly atMs: number
}

/** Nothing but the passing of time would tell the two reports apart: an agent sends no report for that at once. */
export function saysTheSame (config: UnitConfig, said: Said, now: Said): boolean {
  const [a, b] = [said.state, now.state]
  return sameLease(said, now) && a.ownRelease.term === b.ownRelease.term && a.ownRelease.served === b.ownRelease.served &&
    sameVoter(said, now) && config.servers.every(name => sameServer(a.servers[name]?.observation ?? null, b.servers[name]?.observation ?? null))
}

function sameLease (said: Said, now: Said): boolean {
  if (said.state.phase.type !== now.state.phase.type) return false
  const [a, b] = [leaseOf(said.state.phase), leaseOf(now.state.phase)]
  if (a === null || b === null) return a === b
  return a.term === b.term && a.generation === b.generation && (a.untilMs > said.atMs) === (b.untilMs > now.atMs)
}

function sameVoter (said: Said, now: Said): boolean {
  const [a, b] = [said.state.voterSide, now.state.voterSide]
  if (a.type !== 'voting' || b.type !== 'voting') return a.type === b.type
  const [one, two] = [a.voter.record, b.voter.record]
  return one.term === two.term && one.holder === two.holder && one.released?.served === two.released?.served && one.previous?.term === two.previous?.term && one.voters.generation === two.voters.generation &&
    sameGrants(a.voter.grants, said.atMs, b.voter.grants, now.atMs)
}

/** Those that still run, in their order. */
function sameGrants (a: readonly GrantState[], aMs: number, b: readonly GrantState[], bMs: number): boolean {
  let at = 0
  for (const grant of b) {
    if (grant.untilMs <= bMs) continue
    while (at < a.length && (a[at] as GrantState).untilMs <= aMs) at++
    const other = a[at++]
    if (other === undefined || other.holder !== grant.holder || other.term !== grant.term) return false
  }
  while (at < a.length && (a[at] as GrantState).untilMs <= aMs) at++
  return at >= a.length
}

function sameServer (a: ServerObservation | null, b: ServerObservation | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  return a.health === b.health && a.role === b.role && a.source === b.source && a.replication === b.replication && a.complete === b.complete &&
    a.hasRows === b.hasRows && a.position?.term === b.position?.term && a.gateOpen === b.gateOpen
}
