import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaintenanceLink } from '../../../controller/link/agent-link.ts'
import { createSnapshotDesk } from '../../../controller/snapshot-desk.ts'
import { OvsdbHaError } from '../../../protocol/errors.ts'
import { calmView } from './core/schedule-harness.ts'
import { maintenanceLink } from './maintenance-double.ts'
import { snapshotOf } from './snapshot-views.ts'

function desk (over: Partial<MaintenanceLink> = {}, leads = true) {
  const told: string[] = []
  const asked: string[] = []
  const links = ['n1', 'n2', 'n3'].map(node => maintenanceLink(node, {
    snapshots: async () => ({ snapshots: [snapshotOf(node, `2026010${node.slice(1)}-033000-${node}`, { takenAt: `2026-01-0${node.slice(1)}T03:30:00.000Z` })], problems: [] }),
    async takeSnapshot ({ as, actor, reason }) {
      asked.push(`${node} ${as} ${actor} ${reason}`)
      return { snapshot: snapshotOf(node), hook: null, removed: [] }
    },
    async verifySnapshot (id) {
      asked.push(`${node} verify ${id}`)
      return { snapshot: snapshotOf(node, id), problems: id.includes('0102') ? ['nb: its digest differs'] : [] }
    },
    ...(node === 'n2' ? over : {})
  }))
  const counted: string[] = []
  const metrics = { snapshotHandled: (_cluster: string, node: string, action: string, ok: boolean) => { counted.push(`${node} ${action} ${ok}`) } }
  const view = { ...calmView(), controller: { name: 'ctl', leads, leader: leads ? null : { name: 'ctl2', url: 'https://ctl2:8640' } } }
  return { ...createSnapshotDesk({ host: { name: 'ovn', view: () => view, tell: (kind, severity, _node, message) => { told.push(`${kind} ${severity}: ${message}`) } }, links, metrics }), told, asked, counted }
}

test('a snapshot is taken from a backup, and the history says by whom and why', async () => {
  const one = desk()
  assert.equal((await one.take('ann', 'before the upgrade')).id, '20260102-033000-n2')
  assert.deepEqual(one.asked, ['n2 backup ann before the upgrade'])
  assert.match(one.told.join(), /^snapshotTaken info: ann had a snapshot taken from n2, the backup: 20260102-033000-n2, 7 rows in 300 bytes, read back whole$/)
})

test('where one node cannot the next one is asked; where none can, each reason is told', async () => {
  const fails = async () => { throw new Error('the disk is full') }
  const one = desk({ takeSnapshot: fails })
  assert.equal((await one.take('ann', '')).node, 'n3')
  assert.deepEqual(one.counted, ['n2 take false', 'n3 take true'])
  const none = createSnapshotDesk({ host: { name: 'ovn', view: () => ({ ...calmView({ active: null }), controller: { name: 'ctl', leads: true, leader: null } }), tell: () => {} }, links: [], metrics: { snapshotHandled: () => {} } })
  await assert.rejects(none.take('ann', ''), (error: unknown) => error instanceof OvsdbHaError && error.code === 'OVSDB_HA_NO_SNAPSHOT')
})

test('only the leader takes one, and a follower names it', async () => {
  const one = desk({}, false)
  await assert.rejects(one.take('ann', ''), (error: unknown) => error instanceof OvsdbHaError && error.code === 'OVSDB_HA_NOT_LEADING' && error.hint !== '')
  assert.deepEqual(one.asked, [])
})

test('the list is that of all nodes, newest first, and says whom it did not hear', async () => {
  const one = desk({ snapshots: async () => { throw new Error('n2 did not answer') } })
  const { snapshots, problems } = await one.list()
  assert.deepEqual([snapshots.map(({ id }) => id), problems], [['20260103-033000-n3', '20260101-033000-n1'], ['n2: n2 did not answer']])
})

test('a snapshot is verified on the node that its id names; damage is critical', async () => {
  const one = desk()
  assert.deepEqual((await one.verify('20260103-033000-n3', 'ann')).problems, [])
  assert.equal((await one.verify('20260102-033000-n2', 'ann')).problems.length, 1)
  assert.deepEqual(one.asked, ['n3 verify 20260103-033000-n3', 'n2 verify 20260102-033000-n2'])
  assert.deepEqual(one.counted, ['n3 verify true', 'n2 verify false'])
  assert.match(one.told[0] ?? '', /^snapshotVerified info: ann had 20260103-033000-n3 read back: it is whole$/)
  assert.match(one.told[1] ?? '', /^snapshotDamaged critical: 20260102-033000-n2 on n2 is damaged: nb: its digest differs$/)
  await assert.rejects(one.verify('20260102-033000-far-away', 'ann'), (error: unknown) => error instanceof OvsdbHaError && error.code === 'OVSDB_HA_SNAPSHOT_NODE_UNKNOWN' && error.message.includes('far-away'))
})
