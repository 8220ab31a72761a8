import type { HistoryEntry, Severity } from '../protocol/api.ts'
import type { DiagnosisName } from '../protocol/diagnosis.ts'
import type { Facts } from './core/actions.ts'
import { diagnose } from './core/diagnoses.ts'
import { keyOf, resumeTracked, trackDiagnoses, type Told, type Tracked, type Turn } from './core/diagnosis-track.ts'
import type { ClusterState, CoreConfig } from './core/state.ts'
import { viewDiagnosis, type WallOf } from './core/view.ts'

const CRITICAL: ReadonlySet<DiagnosisName> = new Set(['severalActives', 'unsanctionedActive'])
/** What the core records itself when it begins. */
const BEGIN_IS_RECORDED: ReadonlySet<DiagnosisName> = new Set(['clusterHolds', 'fenceDeviceFails'])
const END_IS_RECORDED: ReadonlySet<DiagnosisName> = new Set(['fenceDeviceFails'])

export interface DiagnosisTellerOptions {
  readonly config: CoreConfig
  readonly wallOf: WallOf
  readonly record: (kind: string, severity: Severity, node: string | null, message: string, facts: Facts, more: Pick<HistoryEntry, 'diagnosis'>) => void
}

/** Diagnoses that the history says have begun, and not that they are over. */
function toldIn (history: readonly HistoryEntry[], nowMs: number, now: Date): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>()
  for (const { kind, at, diagnosis } of history.toReversed()) {
    if (diagnosis === undefined) continue
    const { evidence: _, ...facts } = diagnosis
    if (kind === 'diagnosisBegan') told.set(keyOf(diagnosis), { diagnosis: { ...facts, evidence: [] }, sinceMs: nowMs - (now.getTime() - Date.parse(at)) })
    if (kind === 'diagnosisEnded') told.delete(keyOf(diagnosis))
  }
  return told
}

/** Writes into history and log when a diagnosis begins and ends. */
export function createDiagnosisTeller ({ config, wallOf, record }: DiagnosisTellerOptions) {
  let tracked: Tracked = new Map()

  function tell ({ type, diagnosis, sinceMs }: Turn, nowMs: number): void {
    const { name, node, message, runbook } = diagnosis
    if ((type === 'began' ? BEGIN_IS_RECORDED : END_IS_RECORDED).has(name)) return
    const view = viewDiagnosis(diagnosis, wallOf)
    if (type === 'began') record('diagnosisBegan', CRITICAL.has(name) ? 'critical' : 'warning', node, `${name}: ${message}`, { diagnosis: name, runbook }, { diagnosis: view })
    else record('diagnosisEnded', 'info', node, `${name} is over: ${message}`, { diagnosis: name, lastedMs: Math.round(nowMs - sinceMs) }, { diagnosis: view })
  }

  return {
    /**
     * This controller writes from now on. What the one before began to tell is not begun again, and is ended when it is over;
     * what began while nobody wrote is told now. `history` is the newest first.
     */
    resume (history: readonly HistoryEntry[], nowMs: number, now: Date): void {
      tracked = resumeTracked(tracked, toldIn(history, nowMs, now), nowMs, BEGIN_IS_RECORDED)
    },
    /** After each event, and now and then: something may begin or end by the passing of time alone. */
    look (state: ClusterState, nowMs: number): void {
      const [next, turns] = trackDiagnoses(tracked, diagnose(config, state, nowMs), nowMs)
      tracked = next
      for (const turn of turns) tell(turn, nowMs)
    }
  }
}
