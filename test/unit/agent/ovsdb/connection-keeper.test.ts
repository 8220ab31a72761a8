import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Operation, OperationResult } from '../../../../agent/ovsdb/client.ts'
import { createConnectionKeeper, keepConnections } from '../../../../agent/ovsdb/connection-keeper.ts'
import type { DatabaseSchema } from '../../../../protocol/database-schema.ts'

const SCHEMA = {
  name: 'OVN_Northbound',
  tables: {
    NB_Global: { isRoot: true, maxRows: 1, columns: { connections: { type: { key: { type: 'uuid', refTable: 'Connection' }, min: 0, max: 'unlimited' } } } },
    Connection: { columns: { target: { type: 'string' } } }
  }
} as unknown as DatabaseSchema

/** A database with one row that refers to no connection yet; `failing` makes it refuse. */
function setUp (failing: string | null = null) {
  const transactions: (readonly Operation[])[] = []
  const told: string[] = []
  const problems: (string | null)[] = []
  const asked = Promise.withResolvers<undefined>()
  const kept = {
    server: 'nb',
    database: 'OVN_Northbound',
    wanted: [{ target: 'ptcp:6641', inactivityProbeMs: null, maxBackoffMs: null, readOnly: false, role: '', externalIds: {}, otherConfig: {} }],
    db: {
      getSchema: () => Promise.resolve(SCHEMA),
      transact: async (_database: string, operations: readonly Operation[]): Promise<readonly OperationResult[]> => {
        transactions.push(operations)
        if (failing !== null) throw new Error(failing)
        return operations[0]?.op === 'select' ? [{ rows: [{ _uuid: ['uuid', 'root'], connections: ['set', []] }] }, { rows: [] }] : operations.map(() => ({}))
      },
      close: () => {}
    }
  }
  const onHappening = (kind: string, message: string) => { told.push(`${kind}: ${message}`) }
  const onProblem = (code: string, message: string | null) => {
    assert.equal(code, 'connections')
    problems.push(message)
    asked.resolve(undefined)
  }
  return { transactions, told, problems, kept, onHappening, asked: asked.promise, keeper: createConnectionKeeper({ kept: [kept], onHappening, onProblem }) }
}

describe('the rows of Connection', () => {
  test('are brought to what the file says in one transaction, and that is told', async () => {
    const { kept, onHappening, transactions, told } = setUp()
    await keepConnections(kept, onHappening)
    assert.deepEqual(transactions.map(operations => operations.map(({ op }) => op)), [['select', 'select'], ['insert', 'update']])
    assert.deepEqual(told, ['connectionsReconciled: the connections of nb were brought to what cluster.yaml says: added ptcp:6641'])
  })

  test('are looked at when the node begins to serve, and not before', async t => {
    const { keeper, asked, transactions, problems } = setUp()
    t.after(() => keeper.stop())
    keeper.serving(false)
    assert.deepEqual(transactions, [])
    keeper.serving(true)
    await asked
    assert.equal(transactions.length, 2)
    assert.deepEqual(problems, [null])
  })

  test('that cannot be written are a problem of the node, which ends when it ceases to serve', async t => {
    const { keeper, asked, problems } = setUp('not allowed')
    t.after(() => keeper.stop())
    keeper.serving(true)
    await asked
    assert.deepEqual(problems, ['the connections are not as cluster.yaml says: nb: not allowed'])
    keeper.serving(false)
    assert.equal(problems.at(-1), null)
  })
})
