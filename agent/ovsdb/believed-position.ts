import { believePosition, isDoubtful, type PositionBelief } from '../../protocol/position-belief.ts'
import type { Position } from '../../protocol/position.ts'
import type { ServerHappening } from '../server.ts'
import type { CopyStateFile } from './copy-state.ts'
import type { RoleObservation } from './role-control.ts'

/** How far one server's rows are known to be there; a doubt outlives the agent, a proof does not. */
export interface BelievedPosition {
  /** After the state file was read. */
  load (): void
  /** One settled look: what it found, and the connections to the source that were there after it. */
  look (role: RoleObservation, connections: readonly string[], position: Position | null): void
  /** As far as is believed, of the newest heartbeat that is here. */
  of (position: Position | null): Position | null
  /** The copy is known to be whole, or it is the source of others now: what is found next is believed. */
  forget (): void
}

export interface BelievedPositionOptions {
  readonly server: string
  readonly file: CopyStateFile
  readonly onHappening: ServerHappening
}

export function createBelievedPosition ({ server, file, onHappening }: BelievedPositionOptions): BelievedPosition {
  let belief: PositionBelief = null

  /** On disk only while there is a doubt, since a heartbeat comes every second. */
  function note (upTo: Position | null | undefined): void {
    file.update(({ rowsUpTo: _before, ...state }) => upTo === undefined ? state : { ...state, rowsUpTo: upTo })
      .catch((error: Error) => onHappening('copyStateNotStored', error.message, { server }))
  }

  return {
    load () {
      const { rowsUpTo } = file.current()
      belief = rowsUpTo === undefined ? null : { connections: null, proven: false, position: rowsUpTo }
    },
    look (role, connections, position) {
      belief = believePosition(belief, { role: role.role, connections: nameOf(role, connections), position })
      const noted = file.current().rowsUpTo !== undefined
      const doubtful = isDoubtful(belief, position)
      if (doubtful === noted) return
      note(doubtful ? belief?.position ?? null : undefined)
      if (doubtful) onHappening('rowsInDoubt', `${server}: heartbeats came again, and whether all databases did is not known yet: it counts as far as ${words(belief?.position ?? null)}`, { server })
      else onHappening('rowsArrived', `${server}: all databases are there again as far as ${words(position)}`, { server })
    },
    of: position => belief === null ? position : belief.position,
    forget () {
      belief = null
      if (file.current().rowsUpTo !== undefined) note(undefined)
    }
  }
}

/** Null unless every session is connected and every database is said to replicate. */
function nameOf ({ replication, sessions }: RoleObservation, connections: readonly string[]): string | null {
  return replication === 'replicating' && connections.length >= sessions ? connections.join(' ') : null
}

function words (position: Position | null): string {
  return position === null ? 'no heartbeat' : `heartbeat ${position.sequence} of term ${position.term}`
}
