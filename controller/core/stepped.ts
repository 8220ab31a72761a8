// The result of every decision of the leader: the next state and what the world is asked to do, in order.
import type { ClusterAction } from './actions.ts'
import type { ClusterState } from './state.ts'

export type Stepped = readonly [ClusterState, readonly ClusterAction[]]

/** First this, then that on the state it left; actions keep their order. */
export function chain ([state, actions]: Stepped, next: (state: ClusterState) => Stepped): Stepped {
  const [after, more] = next(state)
  return more.length === 0 ? [after, actions] : [after, [...actions, ...more]]
}

/** A fresh number for an operation or an order, and the state that remembers it was used. */
export function takeId (state: ClusterState): readonly [number, ClusterState] {
  return [state.nextId, { ...state, nextId: state.nextId + 1 }]
}
