// The kept connection to one server's database socket, with the questions about content that more than one part asks.
import { connectOvsdb, type Operation, type OvsdbClient, type Transactor } from './client.ts'
import { OvsdbError, type ServerTalkError } from './errors.ts'
import { createKept } from './kept.ts'
import { rootTables, type DatabaseSchema } from '../../protocol/database-schema.ts'
import type { Target } from './target.ts'

export interface DatabaseOptions {
  readonly target: Target
  /** Deadline of dialling and of each call that names none. */
  readonly timeoutMs: number
  readonly maxReplyBytes?: number | undefined
}

/** Dials at first use and again after a loss; every method rejects with a ServerTalkError when the server cannot be asked. */
export interface Database extends Transactor {
  /** Dials now, so that a loss is noticed from now on. */
  connect (): Promise<void>
  readonly connected: boolean
  /** With `_Server`. */
  listDbs (): Promise<readonly string[]>
  getSchema (database: string): Promise<DatabaseSchema>
  getServerId (): Promise<string>
  echo (timeoutMs?: number): Promise<void>
  /** Whether any root table has a row. Cheap for the client whatever the size: no row travels. */
  hasRows (database: string): Promise<boolean>
  /** Rows of each table. Reads every row's identifier: for checks before a decision, not for polling. */
  rowCounts (database: string): Promise<ReadonlyMap<string, number>>
  /** Calls back once per loss of an established connection, at once; not for `close`. */
  onLost (listener: (reason: ServerTalkError) => void): void
  close (): void
}

export function createDatabase ({ target, timeoutMs, maxReplyBytes }: DatabaseOptions): Database {
  const kept = createKept<OvsdbClient>(async connectTimeoutMs => await connectOvsdb({ target, connectTimeoutMs, callTimeoutMs: timeoutMs, maxReplyBytes }))
  const client = async (): Promise<OvsdbClient> => await kept.get(timeoutMs)

  /** A schema is large, and this question is asked with every look at a server. */
  const roots = new Map<string, readonly string[]>()
  kept.onLost(() => roots.clear())

  async function transact (database: string, operations: readonly Operation[], budgetMs?: number) {
    return await (await client()).transact(database, operations, budgetMs)
  }
  async function getSchema (database: string): Promise<DatabaseSchema> {
    return await (await client()).getSchema(database)
  }

  return {
    transact,
    getSchema,
    async connect () { await client() },
    get connected () { return kept.connected },
    async listDbs () { return await (await client()).listDbs() },
    async getServerId () { return await (await client()).getServerId() },
    async echo (budgetMs) { await (await client()).echo(budgetMs) },
    async hasRows (database) {
      const tables = roots.get(database) ?? rootTables(await getSchema(database)).map(([name]) => name)
      roots.set(database, tables)
      try {
        for (const table of tables) if (await tableHasRows({ transact }, database, table)) return true
        return false
      } catch (error) {
        roots.delete(database) // a conversion may have dropped a table
        throw error
      }
    },
    async rowCounts (database) {
      const counts = new Map<string, number>()
      for (const table of Object.keys((await getSchema(database)).tables)) {
        const [result] = await transact(database, [{ op: 'select', table, where: [], columns: ['_uuid'] }])
        counts.set(table, result?.rows?.length ?? 0)
      }
      return counts
    },
    onLost: kept.onLost,
    close: kept.close
  }
}

/** `wait` until the rows differ from none, without patience: allowed on a backup, and the answer is small however many rows there are. */
async function tableHasRows (db: Transactor, database: string, table: string): Promise<boolean> {
  try {
    await db.transact(database, [{ op: 'wait', timeout: 0, table, where: [], columns: [], until: '!=', rows: [] }])
    return true
  } catch (error) {
    if (error instanceof OvsdbError && error.error === 'timed out') return false
    throw error
  }
}
