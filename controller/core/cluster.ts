// The leader of one cluster. The idea: reports say what is, the state says what was begun, and each event leads to at
// most one decision: to let a running operation go on, to keep an active's backups following, or to find a new active.
// Terms and leases make every decision safe (S1-S3), so this core may be wrong about the world, and never dangerous.
import type { ClusterAction } from './actions.ts'
import { followDueMs, followEnded, tendBackups } from './backups.ts'
import { changeDueMs, tendChange, votersAnswered, votersAsked, votersOrderEnded } from './change-voters.ts'
import { failover, switchover } from './commands.ts'
import { acknowledge, countRecovery, recoveryDueMs } from './flapping.ts'
import { confirmOff, deviceSeen, fenceAsked, fenceEnded, heardOf } from './fencing.ts'
import { tendConfig } from './config-differs.ts'
import { compared, copiedAnew } from './differing.ts'
import { decide } from './decide.ts'
import { forceAsked, forceOrderEnded } from './force-quorum.ts'
import type { ClusterEvent } from './events.ts'
import type { Report } from '../../protocol/report.ts'
import { positionOf, servingReport } from './knowledge.ts'
import { operationDueMs, operationOrderEnded, progress, termAnswered } from './operation.ts'
import { reassert } from './reassert.ts'
import { keepMarks, restoreMarks, tellLapsedWords } from './off-marks.ts'
import { current, preferenceDueMs, tellEnded } from './preference.ts'
import { relieve } from './relieve.ts'
import { looked, secondLook } from './second-look.ts'
import { chain, type Stepped } from './stepped.ts'
import { giveBackTurn } from './turns.ts'
import type { AgentView, ClusterState, CoreConfig, Memory } from './state.ts'

/** The store hears of an unchanged active's progress this often: only a restart of everything reads it. */
const REMEMBER_EVERY_MS = 5_000

/** Pure: notes the event, then decides what the state demands at `nowMs` (this controller's monotonic milliseconds). */
export function stepCluster (config: CoreConfig, state: ClusterState, event: ClusterEvent, nowMs: number): Stepped {
  // what has just ended is counted before anything is decided
  const counted = chain(note(config, state, event, nowMs), next => countRecovery(config, next, nowMs))
  const settled = chain(chain(counted, next => settle(config, next, nowMs)), giveBackTurn)
  const doubted = chain(settled, next => secondLook(config, next, nowMs))
  return chain(chain(doubted, next => keepMarks(state, next)), next => [next, wake(config, next, nowMs)])
}

function note (config: CoreConfig, state: ClusterState, event: ClusterEvent, nowMs: number): Stepped {
  switch (event.type) {
    case 'woke': return [state, []]
    case 'reported': return heard(state, event.report, nowMs)
    case 'looked': return looked(state, event.report, nowMs, before => heard(before, event.report, nowMs))
    case 'lost': return lost(state, event.node, event.why, nowMs)
    case 'happened': return [state, []] // the shell writes it into the history; decisions rest on reports alone
    case 'compared': return compared(state, event.found, nowMs)
    case 'stalled': return [{ ...state, observeUntilMs: nowMs + config.cluster.timing.suspectAfterMs }, []]
    case 'leadership': return chain([{ ...state, leading: event.leading, operation: event.leading ? state.operation : null, change: event.leading ? state.change : null, forcing: event.leading ? state.forcing : null, follow: event.leading ? state.follow : null }, []], tellLapsedWords)
    case 'restored': return [restoreMarks({ ...state, memory: newer(state.memory, event.memory), paused: event.paused, preferences: current(event.preferences ?? {}, nowMs), differing: event.kept?.differing ?? state.differing, recoveries: event.kept?.recoveries ?? state.recoveries }, event.kept?.marks), []]
    case 'pauseSet': return [{ ...state, paused: event.paused }, []]
    case 'preferencesSet': return [{ ...state, preferences: current(event.preferences, nowMs) }, []]
    case 'termAnswered': return chain(termAnswered(state, event, nowMs), next => votersAnswered(next, event))
    case 'orderEnded':
      return chain(chain(operationOrderEnded(config, state, event.tag, event.reply, event.error, nowMs),
        next => followEnded(config, next, event.tag, failureOf(event), nowMs)),
      next => chain(votersOrderEnded(next, event.tag, failureOf(event), nowMs), after => forceOrderEnded(after, event.tag, failureOf(event))))
    case 'fenceEnded': return fenceEnded(config, state, event, nowMs)
    case 'fenceDeviceSeen': return deviceSeen(state, event)
    case 'fenceAsked':
    case 'unfenceAsked': return fenceAsked(config, state, event, nowMs)
    case 'confirmOffAsked': return confirmOff(config, state, event, nowMs)
    case 'turnGiven': return [state.turn === 'none' ? state : { ...state, turn: event.turn }, []]
    case 'acknowledgeAsked': return acknowledge(config, state, event, nowMs)
    case 'votersAsked': return votersAsked(config, state, event, nowMs)
    case 'quorumForceAsked': return forceAsked(config, state, event, nowMs)
    case 'switchoverAsked': return switchover(config, state, event, nowMs)
    case 'failoverAsked': return failover(config, state, event, nowMs)
    default:
      event satisfies never
      return [state, []]
  }
}

function failureOf ({ error, reply }: Extract<ClusterEvent, { type: 'orderEnded' }>): string | null {
  return error ?? (reply?.ok === false ? reply.reason ?? 'undone' : null)
}

function heard (state: ClusterState, report: Report, nowMs: number): Stepped {
  return chain(reported(state, report, nowMs), next => chain(heardOf(next, report, nowMs), after => copiedAnew(after, report)))
}

function reported (state: ClusterState, report: Report, nowMs: number): Stepped {
  const before = state.agents[report.node]
  if (before === undefined) return [state, []]
  const samePhase = before.report?.phase === report.phase && before.report.bootId === report.bootId
  const agent: AgentView = { report, phaseSinceMs: samePhase ? before.phaseSinceMs : nowMs, receivedAtMs: nowMs, lostSinceMs: null, lostWhy: null }
  const next = { ...state, memory: newer(state.memory, toldByVoter(report)), agents: { ...state.agents, [report.node]: agent } }
  if (before.lostSinceMs === null) return [next, []]
  return [next, [{ type: 'record', kind: 'nodeReports', severity: 'info', node: report.node, message: `${report.node} reports`, facts: { phase: report.phase } }]]
}

function lost (state: ClusterState, node: string, why: string, nowMs: number): Stepped {
  const agent = state.agents[node]
  if (agent === undefined) return [state, []]
  const next = { ...state, agents: { ...state.agents, [node]: { ...agent, lostSinceMs: agent.lostSinceMs ?? nowMs, lostWhy: why } } }
  if (agent.lostSinceMs !== null) return [next, []]
  return [next, [{ type: 'record', kind: 'nodeSilent', severity: 'warning', node, message: `no reports from ${node}: ${why}`, facts: {} }]]
}

function settle (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  if (!state.leading) return [state, []]
  return chain(chain(chain(tendConfig(config, state, nowMs), next => tellEnded(next, nowMs)), next => tendChange(config, next, nowMs)), next => act(config, next, nowMs))
}

function act (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  if (state.operation !== null) return progress(config, state, nowMs)
  const active = servingReport(config, state, nowMs)
  if (active === null) return decide(config, state, nowMs)
  return chain(chain([atRest(state), []], next => remember(next, active.node, active.lease.term, sequenceOf(active), nowMs)),
    next => chain(next.change === null ? chain(reassert(config, next, active, nowMs), after => relieve(config, after, active, nowMs)) : [next, []], after => tendBackups(config, after, active, nowMs)))
}

/** Somebody serves: nothing holds, and nothing is counted towards holding. */
function atRest (state: ClusterState): ClusterState {
  const { hold, majoritySinceMs, retry } = state
  const already = hold === null && majoritySinceMs === null && retry.attempts === 0 && retry.notBeforeMs === 0
  return already ? state : { ...state, hold: null, majoritySinceMs: null, retry: { attempts: 0, notBeforeMs: 0 } }
}

function remember (state: ClusterState, active: string, term: number, sequence: number, nowMs: number): Stepped {
  const memory: Memory = { term, active, sequence }
  const known = state.memory
  // after a switchover the old active's last report may be the only one at hand: a term that was remembered stays
  if (known !== null && known.term > term) return [state, []]
  const same = known !== null && known.term === term && known.active === active
  if (same && known.sequence === sequence) return [state, []]
  const next = { ...state, memory: same ? { ...memory, sequence: Math.max(sequence, known.sequence) } : memory }
  if (same && nowMs - state.rememberedAtMs < REMEMBER_EVERY_MS) return [next, []]
  return [{ ...next, rememberedAtMs: nowMs }, [{ type: 'remember', memory: next.memory }]]
}

/** The active's last look at its own rows may still show the term before. */
function sequenceOf (active: Report): number {
  const position = positionOf(active)
  return position?.term === active.lease.term ? position.sequence : 0
}

/**
 * How far the last holder came, as a voter heard it: known also to a leader that the holder does not reach, and after
 * the voter accepted a term in which nobody served (S6).
 */
function toldByVoter ({ voter }: Report): Memory | null {
  if (voter.holder !== null && voter.sequence > 0) return { term: voter.term, active: voter.holder, sequence: voter.sequence }
  return voter.heard === null ? null : { term: voter.heard.term, active: voter.heard.holder, sequence: voter.heard.sequence }
}

function newer (a: Memory | null, b: Memory | null): Memory | null {
  if (a === null || b === null) return a ?? b
  return b.term > a.term || (b.term === a.term && b.sequence > a.sequence) ? b : a
}

/** Something may be due by itself: a grant that ends, a deadline, a report that would be missing by then. */
function wake (config: CoreConfig, state: ClusterState, nowMs: number): readonly ClusterAction[] {
  const actions: ClusterAction[] = []
  const add = (atMs: number | null): void => { if (atMs !== null && atMs > nowMs) actions.push({ type: 'wakeAt', atMs }) }
  add(operationDueMs(config, state, nowMs))
  add(followDueMs(state))
  add(recoveryDueMs(config, state, nowMs))
  add(preferenceDueMs(state))
  add(changeDueMs(config, state))
  for (const agent of Object.values(state.agents)) if (agent.lostSinceMs === null) add(agent.receivedAtMs + config.cluster.timing.suspectAfterMs)
  return actions
}
