// The shape of a diagnosis inside the core: times are the controller's monotonic milliseconds.
import type { DiagnosisName } from '../../protocol/diagnosis.ts'
import type { AgentView, ClusterState } from './state.ts'

export interface Evidence {
  /** A node, by its report; or the controller. */
  readonly by: string
  readonly saw: string
  readonly atMs: number
}

export interface Diagnosis {
  readonly name: DiagnosisName
  /** Null: the cluster as a whole. */
  readonly node: string | null
  /** Says what is wrong with whom; without times, so that it changes only when what is wrong does. */
  readonly message: string
  /** Page in docs/runbooks. */
  readonly runbook: string
  readonly evidence: readonly Evidence[]
}

/** Agents' words may be long, and history is kept. */
const WORDS_MAX = 500

export function clipped (text: string): string {
  return text.length <= WORDS_MAX ? text : `${text.slice(0, WORDS_MAX - 1)}…`
}

/** What a node said with its last report. */
export function said (state: ClusterState, node: string, saw: string): Evidence {
  return { by: node, saw: clipped(saw), atMs: (state.agents[node] as AgentView).receivedAtMs }
}
