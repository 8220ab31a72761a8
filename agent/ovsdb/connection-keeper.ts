// Keeps the rows of Connection as the configuration says, on the active: at once when it begins to serve, and now and then.
import type { ConnectionConfig } from '../../protocol/cluster.ts'
import type { ServerHappening } from '../server.ts'
import type { Database } from './database.ts'
import { connectionPlace, connectionReads, planConnections } from './connection-plan.ts'

export interface KeptConnections {
  readonly server: string
  readonly database: string
  readonly wanted: readonly ConnectionConfig[]
  readonly db: Pick<Database, 'getSchema' | 'transact' | 'close'>
}

export interface ConnectionKeeperOptions {
  readonly kept: readonly KeptConnections[]
  readonly onHappening: ServerHappening
  readonly onProblem: (code: string, message: string | null) => void
}

export interface ConnectionKeeper {
  /** Whether this node serves now; only an active takes writes. */
  serving (serves: boolean): void
  stop (): void
}

const LOOK_AGAIN_MS = 30_000
const TRY_AGAIN_MS = 2_000

export function createConnectionKeeper ({ kept, onHappening, onProblem }: ConnectionKeeperOptions): ConnectionKeeper {
  let serves = false
  let timer: NodeJS.Timeout | null = null
  /** Of the run under way: what a run finds that began before the node ceased to serve is of no interest. */
  let turn = 0

  async function keepAll (mine: number): Promise<void> {
    const failures: string[] = []
    for (const one of kept) {
      if (mine !== turn) return
      await keepConnections(one, onHappening).catch((error: unknown) => { failures.push(`${one.server}: ${error instanceof Error ? error.message : String(error)}`) })
    }
    if (mine !== turn) return
    onProblem('connections', failures.length === 0 ? null : `the connections are not as cluster.yaml says: ${failures.join('; ')}`)
    again(failures.length === 0 ? LOOK_AGAIN_MS : TRY_AGAIN_MS)
  }

  function again (inMs: number): void {
    if (timer !== null) clearTimeout(timer)
    const mine = turn
    timer = setTimeout(() => {
      keepAll(mine).catch((error: unknown) => onProblem('connections', String(error)))
    }, inMs)
    timer.unref()
  }

  return {
    serving (now) {
      if (now === serves || kept.length === 0) return
      serves = now
      turn += 1
      if (timer !== null) clearTimeout(timer)
      if (now) again(0)
      else onProblem('connections', null)
    },
    stop () {
      turn += 1
      if (timer !== null) clearTimeout(timer)
      for (const { db } of kept) db.close()
    }
  }
}

/** One look, and one transaction where something differs; resolves when the rows are as they should be. */
export async function keepConnections ({ server, database, wanted, db }: KeptConnections, onHappening: ServerHappening): Promise<void> {
  const place = connectionPlace(await db.getSchema(database))
  const [roots, rows] = await db.transact(database, connectionReads(place))
  const { operations, added, changed, removed } = planConnections(database, place, wanted, roots?.rows ?? [], rows?.rows ?? [])
  if (operations.length === 0) return
  await db.transact(database, operations)
  const words = Object.entries({ added, changed, removed }).filter(([, targets]) => targets.length > 0).map(([verb, targets]) => `${verb} ${targets.join(', ')}`)
  onHappening('connectionsReconciled', `the connections of ${server} were brought to what cluster.yaml says: ${words.join('; ')}`, { server, added: added.join(' '), changed: changed.join(' '), removed: removed.join(' ') })
}
