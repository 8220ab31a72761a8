// The OVSDB methods (RFC 7047 4.1) over one connection.
import { connectJsonRpc, type JsonRpcConnection, type JsonRpcOptions } from './json-rpc.ts'
import { OvsdbError, ServerGarbledError, type ServerTalkError } from './errors.ts'
import type { DatabaseSchema } from '../../protocol/database-schema.ts'

/** One operation of a transaction, as RFC 7047 5.2 writes it. */
export type Operation = Readonly<Record<string, unknown>> & { readonly op: string }

export interface OperationResult {
  readonly count?: number
  readonly rows?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly uuid?: readonly [string, string]
}

/** What can run transactions: a connection, or one that re-dials (database.ts). */
export interface Transactor {
  /**
   * Runs the operations as one transaction; resolves to one result for each. Rejects with an OvsdbError when any of
   * them, or their commit, was refused: then none took effect.
   */
  transact (database: string, operations: readonly Operation[], timeoutMs?: number): Promise<readonly OperationResult[]>
}

export interface OvsdbClient extends Transactor {
  /** With `_Server`. */
  listDbs (): Promise<readonly string[]>
  getSchema (database: string): Promise<DatabaseSchema>
  /** Gives a database another schema, in one transaction. */
  convert (database: string, schema: DatabaseSchema): Promise<void>
  /** New with every start of the server process. */
  getServerId (): Promise<string>
  /** Resolves when the server's main loop turned. */
  echo (timeoutMs?: number): Promise<void>
  /** Calls back once, at once, when the connection ends, whoever ended it. */
  onClose (listener: (reason: ServerTalkError) => void): void
  destroy (): void
}

export async function connectOvsdb (options: JsonRpcOptions): Promise<OvsdbClient> {
  return createOvsdbClient(await connectJsonRpc(options))
}

export function createOvsdbClient (connection: JsonRpcConnection): OvsdbClient {
  const { where } = connection

  async function request (method: string, params: readonly unknown[], timeoutMs?: number): Promise<unknown> {
    const { result, error } = await connection.call(method, params, timeoutMs)
    if (error !== null) throw refusal(where, error)
    return result
  }

  async function transact (database: string, operations: readonly Operation[], timeoutMs?: number): Promise<readonly OperationResult[]> {
    const results = await request('transact', [database, ...operations], timeoutMs)
    if (!Array.isArray(results)) throw new ServerGarbledError(where, 'the result of a transaction is no list')
    // operations after a failed one are null; a refused commit adds a last element
    for (const [index, result] of (results as unknown[]).entries()) if (isRecord(result) && 'error' in result) throw refusal(where, result, index)
    if (results.length !== operations.length || !results.every(isRecord)) throw new ServerGarbledError(where, 'a transaction without a result for each operation')
    return results
  }

  return {
    transact,
    async listDbs () {
      const names = await request('list_dbs', [])
      if (!Array.isArray(names) || !names.every(name => typeof name === 'string')) throw new ServerGarbledError(where, 'list_dbs gives no names')
      return names
    },
    async getSchema (database) {
      const schema = await request('get_schema', [database])
      if (!isSchema(schema)) throw new ServerGarbledError(where, 'get_schema gives no schema')
      return schema
    },
    async convert (database, schema) { await request('convert', [database, schema]) },
    async getServerId () {
      const id = await request('get_server_id', [])
      if (typeof id !== 'string') throw new ServerGarbledError(where, 'get_server_id gives no text')
      return id
    },
    async echo (timeoutMs) { await request('echo', [], timeoutMs) },
    onClose: connection.onClose,
    destroy: connection.destroy
  }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSchema (value: unknown): value is DatabaseSchema & Record<string, unknown> {
  return isRecord(value) && typeof value.name === 'string' && isRecord(value.tables) &&
    Object.values(value.tables).every(table => isRecord(table) && isRecord(table.columns))
}

/** Errors come as a whole reply or inside a result, as an object or as a bare text. */
function refusal (where: string, error: unknown, operationIndex?: number): OvsdbError {
  if (!isRecord(error)) return new OvsdbError(where, typeof error === 'string' ? error : JSON.stringify(error), '')
  return new OvsdbError(where, String(error.error ?? 'error'), typeof error.details === 'string' ? error.details : '', operationIndex === undefined ? {} : { operationIndex })
}
