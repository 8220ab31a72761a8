// The operations of one transaction: first what must still be so, then the changes. Pure.
import type { Operation } from './client.ts'
import type { RowChange } from './replay-plan.ts'

interface About {
  readonly operation: Operation
  /** Place of the row among the changes. */
  readonly row: number
}

export function operationsOf (changes: readonly RowChange[]): { readonly operations: readonly Operation[], readonly rowOfOperation: readonly number[] } {
  const all: readonly About[] = [
    ...changes.map((change, row) => ({ operation: preconditionOf(change), row })),
    ...changes.map((change, row) => ({ operation: operationOf(change), row })),
    { operation: { op: 'commit', durable: true }, row: -1 }
  ]
  return { operations: all.map(({ operation }) => operation), rowOfOperation: all.map(({ row }) => row) }
}

/** `wait` without patience is a test: it refuses the whole transaction. */
function preconditionOf ({ table, uuid, action, expected }: RowChange): Operation {
  const where = [['_uuid', '==', ['uuid', uuid]]]
  const test = { op: 'wait', timeout: 0, table, where }
  if (action === 'insert') return { ...test, columns: ['_uuid'], until: '==', rows: [] }
  const columns = Object.keys(expected)
  if (columns.length === 0) return { ...test, columns: ['_uuid'], until: '!=', rows: [] }
  return { ...test, columns, until: '==', rows: [expected] }
}

export function operationOf ({ table, uuid, action, values }: Pick<RowChange, 'table' | 'uuid' | 'action' | 'values'>): Operation {
  const where = [['_uuid', '==', ['uuid', uuid]]]
  switch (action) {
    case 'insert': return { op: 'insert', table, uuid, row: values }
    case 'update': return { op: 'update', table, where, row: values }
    case 'delete': return { op: 'delete', table, where }
    case 'refer': return { op: 'mutate', table, where, mutations: Object.entries(values).map(([column, value]) => [column, 'insert', value]) }
    default: return action satisfies never
  }
}
