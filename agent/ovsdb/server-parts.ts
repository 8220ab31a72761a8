import type { ServerConfig, TimingConfig } from '../../protocol/cluster.ts'
import type { ServerHappening } from '../server.ts'
import type { BelievedPosition } from './believed-position.ts'
import type { Control } from './control.ts'
import type { CopyTracker } from './copy-tracker.ts'
import type { Database } from './database.ts'
import type { HandoverMark } from './handover-mark.ts'
import type { Rescues } from './rescue.ts'
import type { RoleControl } from './role-control.ts'
import type { ServerProbe } from './server-probe.ts'
import type { ServerProcess } from './supervisor.ts'

/** What the composite server is made of; each part is its own file, the parts know this bundle and not each other. */
export interface ServerParts {
  readonly cluster: string
  readonly node: string
  readonly nodeAddress: string
  readonly server: ServerConfig
  readonly timing: TimingConfig
  /** Addresses that clients dial: never a source (S5). */
  readonly endpointAddresses: readonly string[]
  readonly process: ServerProcess
  readonly control: Control
  readonly database: Database
  readonly roles: RoleControl
  readonly probe: ServerProbe
  readonly copy: CopyTracker
  readonly believed: BelievedPosition
  readonly rescues: Rescues
  readonly handover: HandoverMark
  readonly onHappening: ServerHappening
  readonly changes: RoleChanges
}

/**
 * Role changes of one server, one after the other: two command sequences that mix could leave it writable. What was
 * observed while one ran says nothing about what was before or after it; `epoch` tells the two apart.
 */
export interface RoleChanges {
  run<T> (change: () => Promise<T>): Promise<T>
  /** Null while a change runs; otherwise a number that grows with each change. */
  epoch (): number | null
}

export function createRoleChanges (): RoleChanges {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let epoch = 0
  return {
    async run (change) {
      waiting += 1
      // whether the one before succeeded is its caller's matter
      const mine = last.then(change, change)
      last = mine.then(() => undefined, () => undefined)
      try {
        return await mine
      } finally {
        waiting -= 1
        epoch += 1
      }
    },
    epoch: () => waiting > 0 ? null : epoch
  }
}
