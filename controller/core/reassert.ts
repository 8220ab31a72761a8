// A voter that accepted a term which never came to serve (its controller died, or lost the majority midway) refuses the
// active for ever, and nobody would notice until the next voter is lost; one without a vote would follow nobody. A newer term for the node that serves brings it
// back; the active goes on under the new one without a pause (agent/core/rounds.ts).
import type { Report } from '../../protocol/report.ts'
import { freshReports, highestTerm, knownReleases } from './knowledge.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { askedForTerm, voterList } from './voters.ts'

/** Voters that merely have not heard yet catch up with the next renewal; this long is more than enough for that. */
const ASK_EVERY_MS = 2_000

export function reassert (config: CoreConfig, state: ClusterState, active: Report, nowMs: number): Stepped {
  if (active.phase !== 'active' || state.paused !== null) return [state, []]
  const { term } = active.lease
  const astray = freshReports(config, state, nowMs).filter(({ voter }) =>
    voter.problem === null && (voter.term > term || (voter.term === term && voter.holder !== active.node)))
  if (astray.length === 0) return state.reassertedAtMs === null ? [state, []] : [{ ...state, reassertedAtMs: null }, []]
  // the first sight only starts the clock: the active may be about to adopt that term
  if (state.reassertedAtMs === null) return [{ ...state, reassertedAtMs: nowMs }, []]
  if (nowMs - state.reassertedAtMs < ASK_EVERY_MS) return [state, []]
  const voters = voterList(config, state)
  const next = Math.max(highestTerm(state).term, state.highestTermTried) + 1
  return [{ ...state, reassertedAtMs: nowMs, highestTermTried: next }, [
    {
      type: 'askTerm',
      operation: 0,
      voters: askedForTerm(config, voters),
      request: { term: next, holder: active.node, controller: config.controller, reason: 'reasserted', voters, leaveOut: [...knownReleases(state)] }
    },
    { type: 'record', kind: 'termReasserted', severity: 'warning', node: active.node, message: `${astray.map(report => report.node).join(', ')} accepted a term that nobody serves in; term ${next} is taken for ${active.node}, which goes on serving`, facts: { term: next } }
  ]]
}
