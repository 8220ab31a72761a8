// What a controller may order, and when an order is refused instead (S1, S5): every refusal says why, as data.
import type { Order } from '../../protocol/order.ts'
import type { OrderRefusal, UnitAction } from './actions.ts'
import { forceVoters } from './force-voters.ts'
import { newLease } from './lease.ts'
import { notAlone } from './pair.ts'
import { answer, chain, enter, takeId, type Stepped } from './stepped.ts'
import { convert, restart } from './restart.ts'
import { reopen, stopTerm } from './serving.ts'
import { takeVoters } from './take-voters.ts'
import type { Asked, OrderOf, UnitConfig, UnitState } from './state.ts'

const ANOTHER_ORDER = 'another order took its place'

export function takeOrder (config: UnitConfig, state: UnitState, orderId: number, order: Order, nowMs: number): Stepped {
  const refuse = (refusal: OrderRefusal): Stepped => [state, [{ type: 'refuseOrder', orderId, order, refusal }]]
  const { voterSide, phase } = state
  const asked: Asked = { orderId, receivedAtMs: nowMs, steps: [] }
  if (voterSide.type === 'voting' && order.term < voterSide.voter.record.term) return refuse({ kind: 'staleTerm', term: voterSide.voter.record.term })
  if (order.type === 'forceVoters') return forceVoters(config, state, order, asked, nowMs)
  if (voterSide.type !== 'voting') return refuse({ kind: 'cannotVote', problem: voterSide.problem })
  const { record } = voterSide.voter
  if (config.witness) return refuse({ kind: 'notDataNode' })
  switch (order.type) {
    case 'promote': {
      if (order.term <= state.ownRelease.term) return refuse({ kind: 'released', term: state.ownRelease.term })
      if (order.term === record.term && record.holder !== config.node) return refuse({ kind: 'notHolder', holder: record.holder, term: record.term })
      if (phase.type === 'active' && phase.lease.term === order.term) return [state, answer(asked, null)]
      const alone = order.without === undefined ? null : notAlone(config, state, record, order.term, order.without)
      if (alone !== null) return refuse({ kind: 'notAlone', why: alone })
      if (phase.type !== 'backup') return refuse({ kind: 'busy', doing: phase.type })
      const unready = notReady(config, state, order.force)
      return unready === null ? promote(config, state, order, asked, nowMs) : refuse({ kind: 'notReady', why: unready })
    }
    case 'handoverBegin': {
      if (phase.type !== 'active' || phase.lease.term !== order.term) return refuse({ kind: 'notServing' })
      const [op, next] = takeId(state)
      const giveUpAtMs = nowMs + Math.min(order.deadlineMs, config.timing.handoverDeadlineMs * 2)
      return [enter(next, { type: 'handingOver', lease: phase.lease, sequence: phase.sequence, stage: 'closing', op, asked, giveUpAtMs }, nowMs),
        [{ type: 'beginHandover', op, marker: order.marker }]]
    }
    case 'handoverFinish': {
      if (phase.type !== 'handingOver' || phase.stage !== 'waiting' || phase.lease.term !== order.term) return refuse({ kind: 'notServing' })
      const [op, next] = takeId(state)
      return [enter(next, { ...phase, stage: 'freezing', op, asked }, nowMs), [{ type: 'freezeServers', op }]]
    }
    case 'handoverCancel': {
      if (phase.type === 'active' && phase.lease.term === order.term) return [state, answer(asked, null)]
      if (phase.type !== 'handingOver' || phase.stage !== 'waiting' || phase.lease.term !== order.term) return refuse({ kind: 'notServing' })
      return reopen(state, phase, asked, nowMs)
    }
    case 'stepDown': {
      const overdue = config.servers.find(name => state.servers[name]?.observation?.overdue === true)
      if (phase.type !== 'active' || phase.lease.term !== order.term || overdue === undefined) return refuse({ kind: 'notServing' })
      const { lease: { term, untilMs } } = phase
      const why = `server ${overdue}: ${state.servers[overdue]?.observation?.reason ?? 'busy for too long'}; a backup can take over`
      return chain([state, answer(asked, null)], next => stopTerm(config, next, { term, untilMs, served: true, asked: null }, 'serverOverdue', why, nowMs))
    }
    case 'awaitMarker': {
      if (phase.type !== 'backup') return refuse({ kind: 'busy', doing: phase.type })
      const [op, next] = takeId(state)
      return [{ ...next, waits: { ...next.waits, [op]: asked } }, [{ type: 'awaitMarker', op, marker: order.marker, deadlineMs: order.deadlineMs }]]
    }
    case 'convert': return convert(config, state, order, asked, refuse)
    case 'restart': return restart(config, state, order, asked, refuse)
    case 'takeVoters': return takeVoters(config, state, order, asked, nowMs)
    case 'follow': return follow(config, state, order, asked, nowMs, refuse)
    default:
      order satisfies never
      return [state, []]
  }
}

function promote (config: UnitConfig, state: UnitState, order: OrderOf<'promote'>, asked: Asked, nowMs: number): Stepped {
  const giveUpAtMs = nowMs + Math.min(order.deadlineMs, config.timing.promoteDeadlineMs)
  const lease = newLease(order.term, order.leaveOut, nowMs, order.without ?? null)
  return chain(abandonFollow(state, ANOTHER_ORDER), next => [enter(next, { type: 'acquiring', lease, asked, giveUpAtMs, force: order.force, lastWrites: order.lastWrites ?? null }, nowMs), []])
}

/** A backup follows only the holder of the term, by that node's own address, never an endpoint and never itself (S5). */
function follow (config: UnitConfig, state: UnitState, order: OrderOf<'follow'>, asked: Asked, nowMs: number, refuse: (refusal: OrderRefusal) => Stepped): Stepped {
  const { phase, voterSide } = state
  if (phase.type !== 'backup') return refuse({ kind: 'busy', doing: phase.type })
  if (order.source === config.node) return refuse({ kind: 'badSource', source: order.source, why: 'a node cannot follow itself' })
  if (config.sources[order.source] === undefined) return refuse({ kind: 'badSource', source: order.source, why: 'it is not a data node of this cluster' })
  if (voterSide.type === 'voting' && voterSide.voter.record.term === order.term && voterSide.voter.record.holder !== order.source) {
    return refuse({ kind: 'badSource', source: order.source, why: `term ${order.term} belongs to ${voterSide.voter.record.holder ?? 'nobody'}` })
  }
  if (phase.follow?.source === order.source && phase.follow.term >= order.term) return refuse({ kind: 'busy', doing: `already following ${order.source}` })
  for (const name of config.servers) {
    const server = state.servers[name]
    const health = server?.observation?.health ?? 'unknown'
    if (health !== 'up' && health !== 'busy') return refuse({ kind: 'notReady', why: `server ${name} is ${health}` })
    if (server?.busyOp !== null) return refuse({ kind: 'notReady', why: `server ${name} is being changed (${server?.busyOp.kind ?? 'unknown'})` })
  }
  return chain(abandonFollow(state, ANOTHER_ORDER), next => {
    const [op, counted] = takeId(next)
    return [enter(counted, { type: 'backup', follow: { op, source: order.source, term: order.term, asked } }, nowMs),
      [{ type: 'followSource', op, source: order.source, deadlineMs: order.deadlineMs }]]
  })
}

export function abandonFollow (state: UnitState, why: string): Stepped {
  const { phase } = state
  if (phase.type !== 'backup' || phase.follow === null) return [state, []]
  const actions: UnitAction[] = [{ type: 'abandonFollow', op: phase.follow.op }, ...answer(phase.follow.asked, why)]
  return [{ ...state, phase: { type: 'backup', follow: null } }, actions]
}

/** Why this node's servers cannot be promoted, or null (S6: the agent checks what the controller decided). */
function notReady (config: UnitConfig, state: UnitState, force: boolean): string | null {
  for (const name of config.servers) {
    const server = state.servers[name]
    if (server === undefined || server.observation === null) return `server ${name} was not seen yet`
    const { health, reason, complete, incompleteReason } = server.observation
    if (health !== 'up') return `server ${name} is ${health}${reason === null ? '' : ` (${reason})`}`
    // a start about to end is waited for, and the demotion after a term that was given back; one of a server that promoted itself casts doubt on its copy
    const soonDone = server.busyOp?.kind === 'start' || (server.busyOp?.kind === 'demote' && server.observedFromMs < state.phaseSinceMs)
    if (server.busyOp !== null && !soonDone) return `server ${name} is being changed (${server.busyOp.kind})`
    if (!complete && !force) return `the copy of server ${name} is not complete: ${incompleteReason ?? 'unknown'}`
  }
  return null
}
