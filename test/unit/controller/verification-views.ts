import type { Suspect, TableComparison, Verification, VerifiedPart } from '../../../protocol/verify.ts'

export function tableOf (table: string, over: Partial<TableComparison> = {}): TableComparison {
  return { table, activeRows: 4, backupRows: 4, lackingRows: 0, changedRows: 0, surplusRows: 0, columns: [], activeDigest: null, backupDigest: null, ...over }
}

export function suspectOf (table: string, row: number, activeDigest: string | null = 'a'.repeat(64)): Suspect {
  return { table, uuid: `${String(row).padStart(8, '0')}-0000-4000-8000-000000000000`, activeDigest }
}

export function partOf (node: string, over: Partial<VerifiedPart> = {}): VerifiedPart {
  return { node, server: 'nb', database: 'OVN_Northbound', state: 'same', problem: null, tableEntries: 2, doneEntries: 2, longestReadMs: 12, tables: [{ ...tableOf('ACL'), lastingRows: 0 }, { ...tableOf('Logical_Switch'), lastingRows: 0 }], ...over }
}

export function verificationOf (over: Partial<Verification> = {}): Verification {
  return { id: '20260102-033000-1', cluster: 'ovn', active: 'n1', term: 4, actor: 'ann', reason: '', startedAt: '2026-01-02T03:30:00.000Z', durationMs: 1_234, outcome: 'same', parts: [partOf('n2'), partOf('n3')], ...over }
}

/** n2 lacks a row of Logical_Switch. */
export function differingPart (node = 'n2'): VerifiedPart {
  return partOf(node, { state: 'differs', tables: [{ ...tableOf('ACL'), lastingRows: 0 }, { ...tableOf('Logical_Switch', { backupRows: 3, lackingRows: 1, changedRows: 2, columns: ['name', 'ports'] }), lastingRows: 3 }] })
}
