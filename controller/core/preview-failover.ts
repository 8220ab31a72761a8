// What a failover by hand would do now, and lose: from the same choice that one makes. What nobody can know is said as such.
import type { FailoverPreview } from '../../protocol/failover-preview.ts'
import type { CommandRefusal } from './actions.ts'
import { lossOf } from './candidate.ts'
import { chooseForFailover, whyTaken, type FailoverChoice } from './commands.ts'
import { freshReport, lastServed, positionOf } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'

export interface PlainFailoverPreview extends Pick<FailoverPreview, 'from' | 'to' | 'why'> {
  readonly refusal: CommandRefusal | null
  readonly unknown: readonly string[]
  /** Best first. */
  readonly candidates: ReadonlyArray<FailoverPreview['candidates'][number]>
}

export function previewFailover (config: CoreConfig, state: ClusterState, asked: { readonly to: string | null, readonly force: boolean }, nowMs: number): PlainFailoverPreview {
  // whoever only follows has the same reports, and would choose the same if it led
  const choice = chooseForFailover(config, { ...state, leading: true }, asked, nowMs)
  const to = choice.refusal === null ? choice.chosen.node : null
  return {
    refusal: choice.refusal,
    from: lastServed(state)?.holder ?? null,
    to,
    why: choice.refusal === null ? whyTaken(config, state, choice, asked, nowMs) : '',
    unknown: unknownOf(config, state, nowMs),
    candidates: candidatesOf(config, state, choice, to)
  }
}

function candidatesOf (config: CoreConfig, state: ClusterState, { eligible, refused }: FailoverChoice, to: string | null): PlainFailoverPreview['candidates'] {
  const able = [...eligible.filter(({ node }) => node === to), ...eligible.filter(({ node }) => node !== to)].map(report => {
    const position = positionOf(report)
    return {
      node: report.node,
      verdict: report.node === to ? 'chosen' as const : 'eligible' as const,
      code: null,
      why: report.node === to ? 'would be promoted' : 'could be promoted instead (--to)',
      lacks: lossOf(config, state, report),
      position: position === null ? null : { term: position.term, sequence: position.sequence }
    }
  })
  return [...able, ...refused.map(({ node, code, message }) => ({ node, verdict: 'refused' as const, code, why: message, lacks: null, position: null }))]
}

/** Positions are a heartbeat apart, and of a node that is gone only what others heard is known. */
function unknownOf (config: CoreConfig, state: ClusterState, nowMs: number): readonly string[] {
  const last = lastServed(state)
  if (last === null) return ['nobody is known to have served: nothing tells which copy is the newest']
  if (freshReport(config, state, last.holder, nowMs) !== null) return [`${last.holder}, which served last, reports: see above what it has, and whether it can serve again itself`]
  const { memory } = state
  return [memory !== null && memory.term === last.term && memory.sequence > 0
    ? `${last.holder} was last heard of at heartbeat ${memory.sequence} of term ${last.term}: whether it wrote anything after that, and which rows, cannot be known while it does not report`
    : `how far ${last.holder} came in term ${last.term} cannot be known while it does not report: nobody heard a heartbeat of it`]
}
