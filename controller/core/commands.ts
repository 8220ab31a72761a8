// What operators ask for: a planned switchover, and a failover that they take upon themselves.
import type { RefusedNode } from '../../protocol/api.ts'
import type { Report } from '../../protocol/report.ts'
import type { CommandRefusal } from './actions.ts'
import { byMeritInStep, candidates, forcible, lossOf } from './candidate.ts'
import type { ClusterEvent } from './events.ts'
import { saidOfOrder } from './flapping.ts'
import { highestTerm, isFollowing, lastServed, servingReport } from './knowledge.ts'
import { beginHandover, beginTaking } from './operation.ts'
import { wishedOf } from './preference.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { whyBest } from './decide.ts'

type EventOf<Type extends ClusterEvent['type']> = Extract<ClusterEvent, { type: Type }>

/** Whom a switchover would promote, or why none can be. */
export type SwitchoverChoice =
  | { readonly refusal: CommandRefusal, readonly active: Report | null, readonly others: readonly RefusedNode[] }
  | { readonly refusal: null, readonly active: Report, readonly chosen: Report, readonly following: readonly Report[], readonly others: readonly RefusedNode[] }

export function chooseForSwitchover (config: CoreConfig, state: ClusterState, to: string | null, nowMs: number): SwitchoverChoice {
  const active = servingReport(config, state, nowMs)
  const { eligible, refused } = candidates(config, state, [], nowMs)
  const following = active === null ? [] : byMeritInStep(config, state, eligible.filter(report => isFollowing(report, active.node)), nowMs)
  const apart = eligible.filter(report => !following.includes(report)).map(report => ({ node: report.node, code: 'notFollowing', message: `${report.node} does not follow ${active?.node ?? 'anybody'}` }))
  const others = [...refused, ...apart].filter(one => one.node !== active?.node)
  const refuse = (refusal: CommandRefusal): SwitchoverChoice => ({ refusal, active, others })
  const common = commonRefusal(config, state, to)
  if (common !== null) return refuse(common)
  if (active === null || active.phase !== 'active') return refuse({ kind: 'noActive', why: state.hold?.message ?? 'no node serves now' })
  if (to === active.node) return refuse({ kind: 'alreadyActive', node: active.node })
  const chosen = to === null ? following[0] : following.find(report => report.node === to)
  if (chosen === undefined) return refuse({ kind: 'noCandidate', refused: to === null ? others : others.filter(one => one.node === to) })
  return { refusal: null, active, chosen, following, others }
}

/** A switchover needs an active that serves and a backup that follows it (S6); it loses no acknowledged write. */
export function switchover (config: CoreConfig, state: ClusterState, event: EventOf<'switchoverAsked'>, nowMs: number): Stepped {
  const choice = chooseForSwitchover(config, state, event.to, nowMs)
  if (choice.refusal !== null) return [state, [{ type: 'refuseCommand', commandId: event.commandId, refusal: choice.refusal }]]
  const { active, chosen, others } = choice
  return beginHandover(config, state, {
    kind: 'switchover',
    trigger: `${event.actor} asked for a switchover${event.reason === '' ? '' : `: ${event.reason}`}`,
    from: active.node,
    fromTerm: active.lease.term,
    to: chosen.node,
    why: whyChosen(config, state, choice, event.to === null ? null : event.actor, nowMs) + (event.drill === true ? '' : saidOfOrder(config, state, chosen.node, nowMs)),
    reason: 'switchover',
    force: false,
    refused: others,
    commandId: event.commandId,
    ...(event.drill === true ? { drill: true as const } : {})
  }, nowMs)
}

/** `namedBy`: who named it; null: it was chosen. */
export function whyChosen (config: CoreConfig, state: ClusterState, { active, chosen, following }: Extract<SwitchoverChoice, { refusal: null }>, namedBy: string | null, nowMs: number): string {
  const names = following.map(report => report.node)
  return (namedBy === null ? whyBest(config, chosen.node, names, active.node) : `${namedBy} named ${chosen.node}`) + wishedOf(state, chosen.node, namedBy === null ? names : [], nowMs)
}

/** Whom a failover by hand would promote, or why none can be; `eligible` are those it could, best first. */
export type FailoverChoice =
  | { readonly refusal: CommandRefusal, readonly eligible: readonly Report[], readonly refused: readonly RefusedNode[] }
  | { readonly refusal: null, readonly chosen: Report, readonly eligible: readonly Report[], readonly refused: readonly RefusedNode[] }

type FailoverAsked = Pick<EventOf<'failoverAsked'>, 'to' | 'force'>

export function chooseForFailover (config: CoreConfig, state: ClusterState, { to, force }: FailoverAsked, nowMs: number): FailoverChoice {
  const { eligible, refused } = (force ? forcible : candidates)(config, state, [], nowMs)
  const refuse = (refusal: CommandRefusal): FailoverChoice => ({ refusal, eligible, refused })
  const common = commonRefusal(config, state, to)
  if (common !== null) return refuse(common)
  const active = servingReport(config, state, nowMs)
  if (active !== null) return refuse({ kind: 'activeServes', active: active.node })
  const chosen = to === null ? eligible[0] : eligible.find(report => report.node === to)
  if (chosen === undefined) return refuse({ kind: 'noCandidate', refused: to === null ? refused : refused.filter(one => one.node === to) })
  return { refusal: null, chosen, eligible, refused }
}

export function whyTaken (config: CoreConfig, state: ClusterState, { chosen, eligible }: Extract<FailoverChoice, { refusal: null }>, { to, force }: FailoverAsked, nowMs: number): string {
  const loss = force ? lossOf(config, state, chosen) : null
  return (loss === null ? `${chosen.node} holds everything that is known` : `forced, and this is lost: ${loss}; every write after that is missing on ${chosen.node}`) +
    wishedOf(state, chosen.node, to === null ? eligible.map(report => report.node) : [], nowMs) + saidOfOrder(config, state, chosen.node, nowMs)
}

/** A failover by hand: when the leader holds. Forced, it takes a copy that is not in sync and says what that loses. */
export function failover (config: CoreConfig, state: ClusterState, event: EventOf<'failoverAsked'>, nowMs: number): Stepped {
  const choice = chooseForFailover(config, state, event, nowMs)
  if (choice.refusal !== null) return [state, [{ type: 'refuseCommand', commandId: event.commandId, refusal: choice.refusal }]]
  const { chosen, refused } = choice
  return beginTaking(config, state, {
    kind: event.force ? 'forcedFailover' : 'failover',
    trigger: `${event.actor} asked for a failover${event.reason === '' ? '' : `: ${event.reason}`}`,
    from: lastServed(state)?.holder ?? null,
    fromTerm: highestTerm(state).term,
    to: chosen.node,
    why: whyTaken(config, state, choice, event, nowMs),
    reason: event.force ? 'forced' : 'lost',
    force: event.force,
    refused,
    commandId: event.commandId
  }, nowMs)
}

function commonRefusal (config: CoreConfig, state: ClusterState, to: string | null): CommandRefusal | null {
  if (!state.leading) return { kind: 'notLeading' }
  if (to !== null && !config.cluster.members.some(member => member.name === to && !member.witness)) return { kind: 'unknownNode', node: to }
  if (state.change !== null) return { kind: 'operationRuns', operation: state.change.id, what: `${state.change.what} as a voter` }
  if (state.operation !== null) return { kind: 'operationRuns', operation: state.operation.id, what: `${state.operation.kind} to ${state.operation.to}` }
  return null
}
