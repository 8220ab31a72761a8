// Turns: when a rack is lost, many clusters lose their active at once, and changing all of them in the same second
// overloads what they have in common. A leader asks for a turn before it begins a change by itself; whoever hands them
// out answers at once while there are some. An operation that runs has its turn and is never stopped for it.
import type { RefusedNode } from '../../protocol/api.ts'
import type { Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig, Hold } from './state.ts'

/** Everything else allows the change: whether a turn has to be asked for first. */
export function mustAskTurn (config: CoreConfig, { turn }: ClusterState): boolean {
  return config.turns === true && (turn === 'none' || turn === 'asked')
}

export function askTurn (state: ClusterState): Stepped {
  return state.turn === 'asked' ? [state, []] : [{ ...state, turn: 'asked' }, [{ type: 'turn', want: true }]]
}

export function turnHold (would: string, refused: readonly RefusedNode[]): Hold {
  return { code: 'waitingTurn', message: `${would}, but this controller is changing as many clusters as controller.recoveriesAtOnce allows: this one waits for its turn, half a minute at most`, refused }
}

/** Whoever does not need its turn any more gives it back, whatever the reason. */
export function giveBackTurn (state: ClusterState): Stepped {
  const { turn, leading, operation, hold } = state
  const changing = operation !== null && operation.commandId === null
  const needed = leading && (changing || turn === 'asked' || hold?.code === 'waitingTurn')
  return turn === 'none' || needed ? [state, []] : [{ ...state, turn: 'none' }, [{ type: 'turn', want: false }]]
}
