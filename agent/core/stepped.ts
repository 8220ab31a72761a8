// The result of every decision: the next state and what the world is asked to do, in order.
import type { Step } from '../../protocol/order.ts'
import type { UnitAction } from './actions.ts'
import type { Asked, PhaseState, ServerState, UnitState } from './state.ts'

export type Stepped = readonly [UnitState, readonly UnitAction[]]

/** First this, then that on the state it left; actions keep their order. */
export function chain ([state, actions]: Stepped, next: (state: UnitState) => Stepped): Stepped {
  const [after, more] = next(state)
  return more.length === 0 ? [after, actions] : [after, [...actions, ...more]]
}

export function enter (state: UnitState, phase: PhaseState, nowMs: number): UnitState {
  return { ...state, phase, phaseSinceMs: nowMs }
}

/** A fresh number for an operation or a round, and the state that remembers it was used. */
export function takeId (state: UnitState): readonly [number, UnitState] {
  return [state.nextId, { ...state, nextId: state.nextId + 1 }]
}

export function setServer (state: UnitState, name: string, change: Partial<ServerState>): UnitState {
  const server = state.servers[name]
  return server === undefined ? state : { ...state, servers: { ...state.servers, [name]: { ...server, ...change } } }
}

/** Steps carry the agent's own clock; answers count from the moment the order came in. */
export function addSteps (asked: Asked, steps: readonly Step[]): Asked {
  const relative = steps.map(step => ({ ...step, startMs: step.startMs - asked.receivedAtMs, endMs: step.endMs - asked.receivedAtMs }))
  return { ...asked, steps: [...asked.steps, ...relative] }
}

export function answer (asked: Asked | null, reason: string | null): readonly UnitAction[] {
  if (asked === null) return []
  return [{ type: 'answerOrder', orderId: asked.orderId, reply: { ok: reason === null, reason, steps: [...asked.steps] } }]
}
