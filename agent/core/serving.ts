// Starting to serve and ceasing to: promotion stage by stage (S8), the hand-over of a switchover, and the one way down.
import { invariant } from '../../protocol/invariant.ts'
import { lastMarker } from '../../protocol/last-marker.ts'
import type { Step } from '../../protocol/order.ts'
import type { UnitAction } from './actions.ts'
import { isHeld, type Lease } from './lease.ts'
import { addSteps, answer, chain, enter, setServer, takeId, type Stepped } from './stepped.ts'
import type { ServerObservation } from '../server.ts'
import type { Asked, PhaseState, ServerState, StopReason, UnitConfig, UnitState } from './state.ts'
import { acceptRelease } from './voter.ts'

/** One server of the unit is the matter, and the others can be handed over with nothing lost. */
const SERVER_LOST: readonly StopReason[] = ['serverDown', 'serverHung', 'serverOverdue']

/** The lease is held: promote every server and prove it by a write. */
export function beginPromotion (config: UnitConfig, state: UnitState, { lease, asked, force, lastWrites }: Extract<PhaseState, { type: 'acquiring' }>, nowMs: number): Stepped {
  invariant(isHeld(lease, nowMs), 'a promotion begins only under an unexpired lease (S2)')
  const [op, next] = takeId(state)
  const waited: Step = { name: 'lease', startMs: asked.receivedAtMs, endMs: nowMs, error: null }
  const phase: PhaseState = { type: 'promoting', lease, asked: addSteps(asked, [waited]), stage: 'servers', op }
  return [enter(next, phase, nowMs), [{ type: 'promoteServers', op, position: { term: lease.term, sequence: 0, writer: config.node }, force, lastWrites }]]
}

/** The endpoints come after the servers: a backup that sees the VIP on its own host would follow itself (F2). */
export function takeEndpoints (state: UnitState, lease: Lease, asked: Asked | null, nowMs: number): Stepped {
  const [op, next] = takeId(state)
  return [enter(next, { type: 'promoting', lease, asked, stage: 'endpoints', op }, nowMs), [{ type: 'takeEndpoints', op, untilMs: lease.untilMs }]]
}

/** One stage of a promotion ended. A failure at any stage undoes the whole (S8). */
export function promotionStageEnded (config: UnitConfig, state: UnitState, phase: Extract<PhaseState, { type: 'promoting' }>, error: string | null, steps: readonly Step[], nowMs: number): Stepped {
  const asked = phase.asked === null ? null : addSteps(phase.asked, steps)
  const { lease } = phase
  if (error !== null) return beginStop(config, { ...state, phase: { ...phase, asked } }, 'promotionFailed', error, nowMs)
  if (phase.stage === 'servers') return chain(takeEndpoints(state, lease, asked, nowMs), next => [next, lateMarkers(config, lease.term, steps)])
  if (phase.stage === 'endpoints') {
    invariant(isHeld(lease, nowMs), 'a gate opens only under an unexpired lease (S4)')
    const [op, next] = takeId(state)
    return [enter(next, { ...phase, asked, stage: 'gates', op }, nowMs), [{ type: 'openGates', op }]]
  }
  const active: PhaseState = { type: 'active', lease, sequence: sequenceIn(state, lease.term), nextHeartbeatAtMs: nowMs, heartbeatOp: null }
  return [enter(state, active, nowMs), [
    { type: 'announceEndpoints' },
    ...answer(asked, null),
    { type: 'happened', kind: 'servingBegan', message: `${config.node} serves in term ${lease.term}`, facts: { term: lease.term, resumed: asked === null } }
  ]]
}

/** A resumed term goes on counting where its rows end, so that a position never goes back. */
function sequenceIn (state: UnitState, term: number): number {
  const positions = Object.values(state.servers).map(server => server.observation?.position ?? null)
  return Math.max(0, ...positions.map(position => position?.term === term ? position.sequence : 0))
}

/** Ceases to serve, for whatever reason, from any phase that has a lease. Nothing may queue before it. */
export function beginStop (config: UnitConfig, state: UnitState, reason: StopReason, detail: string, nowMs: number): Stepped {
  const { phase } = state
  invariant('lease' in phase, 'only a unit with a lease can cease to serve')
  const served = phase.type === 'active' || phase.type === 'handingOver' || phase.type === 'resuming' ||
    (phase.type === 'promoting' && (phase.stage === 'gates' || phase.asked === null))
  // until a term is resumed, what the lease before the restart let open may still be open
  const untilMs = phase.type === 'resuming' ? phase.giveUpAtMs - config.slackMs : phase.lease.untilMs
  const ending = { term: phase.lease.term, untilMs, served, asked: 'asked' in phase ? phase.asked : null }
  return stopTerm(config, state, ending, reason, detail, nowMs)
}

interface Ending {
  readonly term: number
  /** The end of the lease: the kernel has shut the ports by then, and the slack. */
  readonly untilMs: number
  readonly served: boolean
  readonly asked: Asked | null
}

/** Shuts gates and guard first; the term is given back only when that is certain (S3). */
export function stopTerm (config: UnitConfig, state: UnitState, { term, untilMs, served, asked }: Ending, reason: StopReason, detail: string, nowMs: number): Stepped {
  const [op, next] = takeId(state)
  const kill = config.servers.filter(name => isStuck(state.servers[name]?.observation ?? null))
  const certainAtMs = Math.max(nowMs, untilMs) + config.slackMs
  const stopping: PhaseState = { type: 'stopping', term, reason, detail, served, op, certainAtMs, startedAtMs: nowMs, asked }
  return [enter(next, stopping, nowMs), [{ type: 'stopServing', op, kill }]]
}

/** It may hold writes that it would still commit after its gate was closed. */
function isStuck (observation: ServerObservation | null): boolean {
  return observation !== null && (observation.health === 'hung' || observation.overdue)
}

/** Certain that no client is served: give the term back, durably and for ever (S2), then become a backup. */
export function finishStop (config: UnitConfig, state: UnitState, phase: Extract<PhaseState, { type: 'stopping' }>, how: 'closed' | 'lapsed', nowMs: number): Stepped {
  invariant(how === 'closed' || nowMs >= phase.certainAtMs, 'a release needs certainty that this node does not serve (S3)')
  const tookMs = nowMs - phase.startedAtMs
  const survivors = phase.served && SERVER_LOST.includes(phase.reason) ? config.servers.filter(name => isUp(state.servers[name])) : []
  const marked = survivors.length === 0 ? null : { term: phase.term, servers: survivors }
  return chain(giveBack(config, enter({ ...state, marked }, { type: 'backup', follow: null }, nowMs), phase.term, phase.served, nowMs), backup => {
    const [demoted, demotions] = demoteServers(config, backup, marked)
    return [demoted, [
      ...answer(phase.asked, `${phase.reason}: ${phase.detail}`),
      { type: 'happened', kind: 'servingStopped', message: `${config.node} stopped serving term ${phase.term}: ${phase.detail}`, facts: { term: phase.term, reason: phase.reason, how, tookMs, served: phase.served } },
      { type: 'releaseEndpoints', afterMs: config.timing.endpointLingerMs },
      ...demotions
    ]]
  })
}

/** Final for this term, also after a restart: stored before anybody is told (S2). */
export function giveBack (config: UnitConfig, state: UnitState, term: number, served: boolean, nowMs: number): Stepped {
  const release = { term, holder: config.node, served }
  const ownRelease = { term, served }
  if (state.voterSide.type !== 'voting') return [{ ...state, ownRelease }, [{ type: 'tellVoters', request: release }]]
  const own = acceptRelease(state.voterSide.voter, release, nowMs)
  return [{ ...state, ownRelease, voterSide: { type: 'voting', voter: own.voter } }, [
    { type: 'persist', durable: { voter: own.voter.record, ownRelease } },
    { type: 'tellVoters', request: release }
  ]]
}

function isUp (server: ServerState | undefined): boolean {
  return server !== undefined && server.busyOp === null && server.observation?.health === 'up'
}

/** The promotion went on without them: whoever reads the history must know what may be missing (S7). */
function lateMarkers (config: UnitConfig, term: number, steps: readonly Step[]): readonly UnitAction[] {
  const late = steps.filter(step => step.error !== null)
  if (late.length === 0) return []
  const why = late.map(step => `${step.name}: ${step.error ?? ''}`).join('; ')
  return [{
    type: 'happened',
    kind: 'lastWritesLate',
    message: `${config.node} goes on in term ${term} without the last writes of servers that lived on with the last active (${why}); what is missing is in their files, and is kept as a rescue when they follow`,
    facts: { term }
  }]
}

/** Every server that answers goes back to the placeholder; one that does not is caught by the watch later. */
export function demoteServers (config: UnitConfig, state: UnitState, marked: UnitState['marked'] = null): Stepped {
  let next = state
  const actions: UnitAction[] = []
  for (const name of config.servers) {
    const server = next.servers[name]
    const health = server?.observation?.health
    if (server === undefined || server.busyOp !== null || health === 'down' || health === 'hung') continue
    const [op, counted] = takeId(next)
    next = setServer(counted, name, { busyOp: { op, kind: 'demote' } })
    actions.push({ type: 'demoteServer', server: name, op, lastMarker: marked?.servers.includes(name) === true ? lastMarker(config.node, marked.term) : null })
  }
  return [next, actions]
}

type HandingOver = Extract<PhaseState, { type: 'handingOver' }>

/** One stage of the hand-over ended (DESIGN "Switchover"). Until the freeze, every failure reopens the gate: nothing happened. */
export function handoverStageEnded (config: UnitConfig, state: UnitState, phase: HandingOver, error: string | null, steps: readonly Step[], nowMs: number): Stepped {
  const asked = phase.asked === null ? null : addSteps(phase.asked, steps)
  if (phase.stage === 'closing') {
    if (error !== null) return chain([state, answer(asked, error)], next => reopen(next, phase, null, nowMs))
    return [enter(state, { ...phase, asked: null, stage: 'waiting' }, nowMs), answer(asked, null)]
  }
  if (phase.stage === 'reopening') {
    if (error !== null) return beginStop(config, { ...state, phase: { ...phase, asked } }, 'handoverFailed', `the gate could not be reopened: ${error}`, nowMs)
    const active: PhaseState = { type: 'active', lease: phase.lease, sequence: phase.sequence, nextHeartbeatAtMs: nowMs, heartbeatOp: null }
    return [enter(state, active, nowMs), answer(asked, null)]
  }
  if (phase.stage === 'freezing') {
    if (error !== null) return beginStop(config, { ...state, phase: { ...phase, asked } }, 'handoverFailed', `the servers could not be frozen: ${error}`, nowMs)
    return chain(giveBack(config, enter(state, { type: 'backup', follow: null }, nowMs), phase.lease.term, true, nowMs), next => [next, [
      ...answer(asked, null),
      { type: 'happened', kind: 'handedOver', message: `${config.node} froze its servers and released term ${phase.lease.term}`, facts: { term: phase.lease.term } },
      { type: 'releaseEndpoints', afterMs: config.timing.endpointLingerMs }
    ]])
  }
  return [state, []]
}

/** Serving, and a gate is gone: opened again under the same lease, as after a hand-over that was undone. */
export function reopenGates (state: UnitState, { lease, sequence }: Extract<PhaseState, { type: 'active' }>, nowMs: number): Stepped {
  return reopen(state, { type: 'handingOver', lease, sequence, stage: 'reopening', op: 0, asked: null, giveUpAtMs: nowMs }, null, nowMs)
}

/** Back to serving under the same lease. */
export function reopen (state: UnitState, phase: HandingOver, asked: Asked | null, nowMs: number): Stepped {
  const [op, next] = takeId(state)
  return [enter(next, { ...phase, asked, stage: 'reopening', op }, nowMs), [{ type: 'openGates', op }]]
}
