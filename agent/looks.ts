import type { OvsdbServer, ServerObservation } from './server.ts'
import { monotonicMs } from './clock.ts'

export interface LooksOptions {
  readonly servers: readonly OvsdbServer[]
  readonly onSeen: (server: string, startedAtMs: number, observation: ServerObservation) => void
  /** A look never rejects; one that does is a bug. */
  readonly onBroken: (error: unknown) => void
}

/** One look at a time per server; being asked during a look asks for another one right after it. */
export interface Looks {
  at (server: string): void
  atAll (): void
}

export function createLooks ({ servers, onSeen, onBroken }: LooksOptions): Looks {
  const turns = new Map(servers.map(server => [server.name, { server, running: false, again: false }]))

  function at (name: string): void {
    const turn = turns.get(name)
    if (turn === undefined) return
    if (turn.running) {
      turn.again = true
      return
    }
    turn.running = true
    const startedAtMs = monotonicMs()
    turn.server.observe().then(observation => onSeen(name, startedAtMs, observation), onBroken).finally(() => {
      turn.running = false
      if (!turn.again) return
      turn.again = false
      at(name)
    })
  }

  return { at, atAll: () => { for (const name of turns.keys()) at(name) } }
}
