// Rescues as they look, for tests of the desk, the API and the command.
import type { RescueNote, RescueView } from '../../../protocol/rescue.ts'
import type { ReplayPlan, RescueDiff } from '../../../protocol/rescue-replay.ts'

export const RESCUE = 'n1-0123abcd'

export function rescueNote (over: Partial<RescueNote> = {}): RescueNote {
  return {
    version: 1,
    cluster: 'ovn',
    node: 'n1',
    server: 'nb',
    database: 'OVN_Northbound',
    takenAt: '2026-01-02T03:04:05.678Z',
    reason: 'about to follow n2 (tcp:10.0.0.2:16641)',
    guard: false,
    position: { term: 4, sequence: 17, writer: 'n1' },
    schemaVersion: '7.0.0',
    finding: { problem: null, tables: [{ table: 'ACL', missingRows: 0, changedRows: 1, extraRows: 0 }, { table: 'Logical_Switch', missingRows: 2, changedRows: 0, extraRows: 3 }] },
    fileBytes: 1_234_567,
    original: '/var/lib/ovsdb-ha/ovn/nb.db',
    acknowledged: null,
    applied: [],
    ...over
  }
}

export function rescueView (over: Partial<RescueNote> = {}, id = RESCUE): RescueView {
  return { id, file: '/var/lib/ovsdb-ha/ovn/rescue/ovn-nb-OVN_Northbound-n1-2026-01-02T030405678Z.rescue.db.gz', bytes: 123_456, note: rescueNote(over), problem: null }
}

export function replayPlan (over: Partial<ReplayPlan> = {}): ReplayPlan {
  const row = { table: 'Logical_Switch', uuid: '11111111-0000-4000-8000-000000000000' }
  return {
    id: RESCUE,
    server: 'nb',
    database: 'OVN_Northbound',
    active: 'n2',
    rows: [{ ...row, label: 'ls1', action: 'insert', because: null }],
    conflicts: [],
    skipped: [],
    notes: [],
    operations: [{ op: 'wait', ...row }, { op: 'insert', ...row }, { op: 'commit', durable: true }] as ReplayPlan['operations'],
    rowOfOperation: [0, 0, -1],
    ...over
  }
}

export function rescueDiff (over: Partial<RescueDiff> = {}): RescueDiff {
  return {
    id: RESCUE,
    database: 'OVN_Northbound',
    active: 'n2',
    tables: rescueNote().finding.tables,
    rows: [
      { table: 'ACL', uuid: '33333333-0000-4000-8000-000000000000', label: null, kind: 'changed', columns: [{ column: 'priority', rescue: 7, active: 1 }, { column: 'external_ids', rescue: ['map', [['owner', 'a b'], ['k', 'v']]], active: ['map', []] }] },
      { table: 'Logical_Switch', uuid: '11111111-0000-4000-8000-000000000000', label: 'ls1', kind: 'missing', columns: [{ column: 'name', rescue: 'ls1', active: null }, { column: 'ports', rescue: ['set', [['uuid', '22222222-0000-4000-8000-000000000000'], ['uuid', '44444444-0000-4000-8000-000000000000']]], active: null }] },
      { table: 'Logical_Switch', uuid: '55555555-0000-4000-8000-000000000000', label: 'ls5', kind: 'extra', columns: [{ column: 'name', rescue: null, active: 'ls5' }] }
    ],
    leftOutRows: 3,
    ...over
  }
}
