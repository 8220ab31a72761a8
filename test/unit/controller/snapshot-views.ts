import type { Snapshot } from '../../../protocol/snapshot.ts'

export function snapshotOf (node: string, id = `20260102-033000-${node}`, over: Partial<Snapshot> = {}): Snapshot {
  return {
    id,
    cluster: 'ovn',
    node,
    takenAt: '2026-01-02T03:30:00.000Z',
    as: 'backup',
    actor: 'ann',
    reason: '',
    directory: `/var/lib/ovsdb-ha/ovn/snapshots/${id}`,
    databases: [
      { server: 'nb', database: 'OVN_Northbound', schemaVersion: '7.0.0', file: 'nb.OVN_Northbound.db.gz', fileBytes: 100, contentBytes: 900, contentSha256: 'a'.repeat(64), rowEntries: 3 },
      { server: 'sb', database: 'OVN_Southbound', schemaVersion: '20.27.0', file: 'sb.OVN_Southbound.db.gz', fileBytes: 200, contentBytes: 1_900, contentSha256: 'b'.repeat(64), rowEntries: 4 }
    ],
    ...over
  }
}
