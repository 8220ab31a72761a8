// The leader of one cluster, driven by hand: reports and answers in, actions out, at moments that the test names.
import assert from 'node:assert/strict'
import type { ClusterAction } from '../../../../controller/core/actions.ts'
import { stepCluster } from '../../../../controller/core/cluster.ts'
import type { ClusterEvent } from '../../../../controller/core/events.ts'
import { bootCluster, type ClusterState, type CoreConfig, type Operation, type Stage } from '../../../../controller/core/state.ts'
import type { Order, OrderReply, OrderType } from '../../../../protocol/order.ts'
import type { Report } from '../../../../protocol/report.ts'
import type { Grant, Refusal } from '../../../../protocol/vote.ts'
import { activeReport, coreConfig, orderReply, report, serverReport } from '../../../fixtures.ts'

export type ActionOf<Type extends ClusterAction['type']> = Extract<ClusterAction, { type: Type }>
type OrderAction = ActionOf<'order'>

export interface LeaderHarness {
  readonly config: CoreConfig
  readonly state: () => ClusterState
  send (event: ClusterEvent, nowMs: number): readonly ClusterAction[]
  /** All at that moment, one after the other; the actions of the last one. */
  reports (reports: readonly Report[], nowMs: number): readonly ClusterAction[]
  /** A voter answers the term that was asked for last: accepts it, with these grants, and reports that it did. */
  accept (voter: string, nowMs: number, grants?: readonly Grant[]): readonly ClusterAction[]
  refuse (voter: string, nowMs: number, refusal: Refusal, term?: number): readonly ClusterAction[]
  /** Ends the order of that type that was given last. */
  endOrder (type: OrderType, nowMs: number, reply?: Partial<OrderReply>): readonly ClusterAction[]
  latest<Type extends ClusterAction['type']> (type: Type): ActionOf<Type>
  latestOrder<Type extends OrderType> (type: Type): OrderAction & { readonly order: Extract<Order, { type: Type }> }
  stage<Type extends Stage['type']> (type: Type): Extract<Stage, { type: Type }>
  operation (): Operation
  count (type: ClusterAction['type']): number
}

export function leader (config: CoreConfig = coreConfig(), leadsAtMs = 0): LeaderHarness {
  const history: ClusterAction[] = []
  let state = bootCluster(config, 0)

  function send (event: ClusterEvent, nowMs: number): readonly ClusterAction[] {
    const [next, actions] = stepCluster(config, state, event, nowMs)
    state = next
    history.push(...actions)
    return actions
  }

  function latest<Type extends ClusterAction['type']> (type: Type): ActionOf<Type> {
    const found = history.findLast(action => action.type === type)
    assert.ok(found !== undefined, `${type} was never asked for`)
    return found as ActionOf<Type>
  }

  function latestOrder (type: OrderType): OrderAction {
    const found = history.findLast((action): action is OrderAction => action.type === 'order' && action.order.type === type)
    assert.ok(found !== undefined, `nobody was ordered to ${type}`)
    return found
  }

  function operation (): Operation {
    assert.ok(state.operation !== null, `no operation runs; hold: ${state.hold?.message ?? 'none'}`)
    return state.operation
  }

  send({ type: 'leadership', leading: true }, leadsAtMs)
  return {
    config,
    state: () => state,
    send,
    reports: (reports, nowMs) => reports.map(one => send({ type: 'reported', report: one }, nowMs)).at(-1) ?? [],
    accept (voter, nowMs, grants = []) {
      const { term, operation: id } = asked()
      const { holder } = latest('askTerm').request
      const answered = send({ type: 'termAnswered', operation: id, term, voter, reply: { ok: true, grants: [...grants] } }, nowMs)
      const before = state.agents[voter]?.report
      if (before === undefined || before === null || before.voter.term >= term) return answered
      const { released, holder: previous, term: previousTerm } = before.voter
      const previously = previous === null || released?.served === false ? before.voter.previous : { holder: previous, term: previousTerm }
      const heard = previous !== null && before.voter.sequence > 0 ? { holder: previous, term: previousTerm, sequence: before.voter.sequence } : before.voter.heard
      const told = { ...before, voter: { ...before.voter, term, holder, released: null, granted: false, sequence: 0, previous: previously, heard, grants: [...grants] } }
      return [...answered, ...send({ type: 'reported', report: told }, nowMs)]
    },
    refuse: (voter, nowMs, refusal, term = 4) => send({ type: 'termAnswered', ...asked(), voter, reply: { ok: false, refusal, term, holder: 'n1', remainingMs: 0, voters: null } }, nowMs),
    endOrder: (type, nowMs, reply = {}) => send({ type: 'orderEnded', tag: latestOrder(type).tag, reply: orderReply(reply), error: null }, nowMs),
    latest,
    latestOrder: latestOrder as never,
    stage (type) {
      assert.equal(operation().stage.type, type)
      return operation().stage as never
    },
    operation,
    count: type => history.filter(action => action.type === type).length
  }

  function asked (): { readonly operation: number, readonly term: number } {
    const { operation: id, request } = latest('askTerm')
    return { operation: id, term: request.term }
  }
}

/** n1 serves in term 4, n2 and n3 follow it; reported at 1500 ms, when the leader has observed long enough. */
export function serving (config: CoreConfig = coreConfig()): LeaderHarness {
  const one = leader(config)
  one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
  assert.equal(one.state().operation, null)
  assert.equal(one.state().hold, null)
  return one
}

/** n1 gave term 4 back, after it served. */
export function releasedReport (node = 'n1'): Report {
  const released = { served: true }
  return report(node, {
    voter: { released, grants: [] },
    lease: { releasedTerm: 4, releasedServed: true },
    servers: [serverReport({ health: 'down', reason: 'the process ended', role: 'unknown', source: null, replication: 'none' })],
    following: null
  })
}

export function find<Type extends ClusterAction['type']> (actions: readonly ClusterAction[], type: Type): ActionOf<Type> | undefined {
  return actions.find(action => action.type === type) as ActionOf<Type> | undefined
}

export function orderTo (actions: readonly ClusterAction[], type: OrderType): OrderAction | undefined {
  return actions.find((action): action is OrderAction => action.type === 'order' && action.order.type === type)
}
