// A unit driven by hand: events in, actions out, at moments that the test names. No world, no time of its own.
import assert from 'node:assert/strict'
import type { UnitAction } from '../../../../agent/core/actions.ts'
import type { UnitEvent } from '../../../../agent/core/events.ts'
import type { PhaseState, UnitConfig, UnitState } from '../../../../agent/core/state.ts'
import { bootUnit, stepUnit, type Restored } from '../../../../agent/core/unit.ts'
import type { ServerObservation } from '../../../../agent/server.ts'
import type { Order } from '../../../../protocol/order.ts'
import type { LeaseReply } from '../../../../protocol/vote.ts'
import { NEW_VOTER, observation, promoteOrder, unitConfig } from '../../../fixtures.ts'

export type ActionOf<Type extends UnitAction['type']> = Extract<UnitAction, { type: Type }>
export type PhaseOf<Type extends PhaseState['type']> = Extract<PhaseState, { type: Type }>

export interface UnitHarness {
  readonly config: UnitConfig
  readonly state: () => UnitState
  /** Actions of the last event. */
  readonly last: () => readonly UnitAction[]
  send (event: UnitEvent, nowMs: number): readonly UnitAction[]
  order (order: Order, nowMs: number, orderId?: number): readonly UnitAction[]
  observe (changes: Partial<ServerObservation>, nowMs: number, startedAtMs?: number): readonly UnitAction[]
  /** Ends the slow action of that type that was asked for last. */
  finish (type: UnitAction['type'], nowMs: number, error?: string | null): readonly UnitAction[]
  /** The fellow voter answers the round that was sent last. */
  reply (voter: string, nowMs: number, reply?: LeaseReply): readonly UnitAction[]
  /** The action of that type that was asked for last. */
  latest<Type extends UnitAction['type']> (type: Type): ActionOf<Type>
  phase<Type extends PhaseState['type']> (type: Type): PhaseOf<Type>
}

export function harness (restored: Restored = NEW_VOTER, changes: Partial<UnitConfig> = {}, bootedAtMs = 0): UnitHarness {
  const config = unitConfig(changes)
  const history: UnitAction[] = []
  let [state, last] = bootUnit(config, restored, bootedAtMs)
  history.push(...last)

  function latest<Type extends UnitAction['type']> (type: Type): ActionOf<Type> {
    const found = history.findLast(action => action.type === type)
    assert.ok(found !== undefined, `${type} was never asked for`)
    return found as ActionOf<Type>
  }

  function send (event: UnitEvent, nowMs: number): readonly UnitAction[] {
    ([state, last] = stepUnit(config, state, event, nowMs))
    history.push(...last)
    return last
  }

  return {
    config,
    state: () => state,
    last: () => last,
    send,
    order: (order, nowMs, orderId = 1) => send({ type: 'ordered', orderId, order }, nowMs),
    observe: (changed, nowMs, startedAtMs = nowMs) => send({ type: 'observed', server: 'nb', startedAtMs, observation: observation(changed) }, nowMs),
    finish (type, nowMs, error = null) {
      const action = latest(type)
      assert.ok('op' in action, `${type} is not a slow action`)
      return send({ type: 'finished', op: action.op, error, steps: [] }, nowMs)
    },
    reply: (voter, nowMs, reply = { ok: true }) => send({ type: 'leaseAnswered', roundId: latest('askVoters').roundId, voter, reply }, nowMs),
    latest,
    phase (type) {
      assert.equal(state.phase.type, type)
      return state.phase as never
    }
  }
}

/** Its server was started as a backup and seen at 10 ms. */
export function backup (restored: Restored = NEW_VOTER, changes: Partial<UnitConfig> = {}): UnitHarness {
  const unit = harness(restored, changes)
  started(unit, {}, 10)
  unit.phase('backup')
  return unit
}

export function started (unit: UnitHarness, seen: Partial<ServerObservation>, nowMs: number, adopted = false): void {
  const { op } = unit.latest('startServer')
  unit.observe(seen, nowMs)
  unit.send({ type: 'serverStarted', server: 'nb', op, adopted, role: 'backup' }, nowMs)
}

/** Ordered to promote at 1000 ms, lease granted at 1002 (until 3000), servers promoted: the endpoints are being taken at 1010. */
export function promoting (restored: Restored = NEW_VOTER, changes: Partial<UnitConfig> = {}): UnitHarness {
  const unit = backup(restored, changes)
  unit.order(promoteOrder(), 1_000)
  unit.reply('n2', 1_002)
  unit.finish('promoteServers', 1_010)
  return unit
}

/** Serves in term 4 since 1030 ms, its lease runs until 3000. */
export function active (restored: Restored = NEW_VOTER, changes: Partial<UnitConfig> = {}): UnitHarness {
  const unit = promoting(restored, changes)
  unit.finish('takeEndpoints', 1_020)
  unit.finish('openGates', 1_030)
  unit.phase('active')
  return unit
}

export function typesOf (actions: readonly UnitAction[]): readonly string[] {
  return actions.map(action => action.type)
}

export function find<Type extends UnitAction['type']> (actions: readonly UnitAction[], type: Type): ActionOf<Type> | undefined {
  return actions.find(action => action.type === type) as ActionOf<Type> | undefined
}
