// What a switchover would do now, from the same choice that one makes; nothing of it is done.
import type { SwitchoverPreview } from '../../protocol/planned.ts'
import type { CommandRefusal } from './actions.ts'
import { chooseForSwitchover, whyChosen } from './commands.ts'
import { saidOfOrder } from './flapping.ts'
import { positionOf } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import type { Report } from '../../protocol/report.ts'

export interface Preview extends Pick<SwitchoverPreview, 'from' | 'to' | 'why'> {
  readonly refusal: CommandRefusal | null
  /** Best first. */
  readonly candidates: ReadonlyArray<SwitchoverPreview['candidates'][number]>
  readonly steps: readonly string[]
  readonly undoneAfterMs: number
}

export function previewSwitchover (config: CoreConfig, state: ClusterState, to: string | null, nowMs: number): Preview {
  // whoever only follows has the same reports, and would choose the same if it led
  const choice = chooseForSwitchover(config, { ...state, leading: true }, to, nowMs)
  const { active, others } = choice
  const undoneAfterMs = config.cluster.timing.handoverDeadlineMs
  const lag = (node: string): number | null => lagOf(active, state.agents[node]?.report ?? null)
  const refused = others.map(({ node, code, message }) => ({ node, verdict: 'refused' as const, code, why: message, lagHeartbeats: lag(node) }))
  if (choice.refusal !== null) return { refusal: choice.refusal, from: active?.node ?? null, to: null, why: '', candidates: refused, steps: [], undoneAfterMs }
  const { chosen, following } = choice
  const from = choice.active.node
  return {
    refusal: null,
    from,
    to: chosen.node,
    why: whyChosen(config, state, choice, to === null ? null : 'the request', nowMs) + saidOfOrder(config, state, chosen.node, nowMs),
    candidates: [...[chosen, ...following.filter(one => one !== chosen)].map(({ node }) => ({
      node,
      verdict: node === chosen.node ? 'chosen' as const : 'eligible' as const,
      code: null,
      why: node === chosen.node ? 'would be promoted' : 'could be promoted instead (--to)',
      lagHeartbeats: lag(node)
    })), ...refused],
    steps: stepsInWords(from, chosen.node, undoneAfterMs),
    undoneAfterMs
  }
}

function stepsInWords (from: string, to: string, undoneAfterMs: number): readonly string[] {
  return [
    `${from} closes its gate to clients and writes a marker into each database`,
    `${to} waits for the marker; if it does not arrive within ${undoneAfterMs} ms, ${from} opens its gate again and nothing has happened`,
    `${from} is frozen read-only with all its data and gives its term back`,
    `a majority of the voters accepts a new term for ${to}, and ${to} takes the lease`,
    `${to} is promoted, takes the endpoint and opens its gate; if that fails, the next node that has the marker's data serves, ${from} among them`,
    `${from} and the other backups follow ${to}, one at a time`
  ]
}

function lagOf (active: Report | null, report: Report | null): number | null {
  const ahead = active === null ? null : positionOf(active)
  const behind = report === null ? null : positionOf(report)
  return ahead === null || behind === null || ahead.term !== behind.term ? null : Math.max(0, ahead.sequence - behind.sequence)
}
