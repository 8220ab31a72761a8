import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderSnapshot, renderSnapshots } from '../../../../cli/render/snapshots.ts'
import { createPaint } from '../../../../cli/render/style.ts'
import { snapshotOf } from '../../controller/snapshot-views.ts'

const paint = createPaint(false)

test('snapshots are told with whom they are of, rows, size, by whom and why', () => {
  const big = snapshotOf('n3', '20260103-033000-n3', { as: 'active', actor: 'the schedule', databases: [{ ...snapshotOf('n3').databases[0]!, fileBytes: 5 * 1024 ** 3, rowEntries: 1_000_000 }] })
  assert.deepEqual(renderSnapshots({ snapshots: [big, snapshotOf('n2', undefined, { reason: 'before the upgrade' })], problems: ['n1: no answer'] }, paint), [
    'ID                  FROM       ROWS     SIZE  BY',
    '20260103-033000-n3  active  1000000  5.0 GiB  the schedule',
    '20260102-033000-n2  backup        7    300 B  ann: before the upgrade',
    'not known: n1: no answer'
  ])
  assert.deepEqual(renderSnapshots({ snapshots: [], problems: [] }, paint), ['no snapshots'])
})

test('one snapshot is told with each database and where it lies', () => {
  assert.deepEqual(renderSnapshot(snapshotOf('n2')), [
    '20260102-033000-n2: from n2 (backup), read back whole',
    '  OVN_Northbound 7.0.0: 3 rows, 100 B',
    '  OVN_Southbound 20.27.0: 4 rows, 200 B',
    '  in /var/lib/ovsdb-ha/ovn/snapshots/20260102-033000-n2 on n2'
  ])
})
