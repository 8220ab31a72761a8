import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { MaintenanceRefusedError } from '../../../../agent/ovsdb/maintenance-errors.ts'
import { createHttpMaintenanceLink } from '../../../../controller/link/http-maintenance-link.ts'
import type { OvsdbHaError } from '../../../../protocol/errors.ts'
import type { NodeVersions } from '../../../../protocol/versions.ts'
import { SUSPECTS_MAX } from '../../../../protocol/verify.ts'
import { createApi } from '../../agent/api/unit-double.ts'
import { snapshotOf } from '../snapshot-views.ts'

const SCHEMA = { name: 'OVN_Northbound', version: '7.0.0', cksum: '1 2', tables: { NB_Global: { columns: { name: { type: 'string' } } } } }
const VERSIONS: NodeVersions = { servers: [{ server: 'nb', run: 'process', version: '3.1.0', installed: null, problem: 'the installed program: ENOENT', databases: [{ database: 'OVN_Northbound', schema: SCHEMA, file: { path: '/nb.ovsschema', schema: null, problem: 'ENOENT' } }, { database: 'OVSDB_HA', schema: SCHEMA, file: null }] }] }

const SUSPECT = { table: 'ACL', uuid: '11111111-0000-4000-8000-000000000000', activeDigest: 'a'.repeat(64) }
const RESTORE = { problem: null, tables: [{ table: 'ACL', comingRows: 1, changedRows: 0, vanishingRows: 2 }], operations: [{ op: 'delete', table: 'ACL', where: [] }, { op: 'commit', durable: true }] }

async function linked (t: TestContext) {
  const asked: unknown[] = []
  const compacted = { server: 'nb', database: 'OVN_Northbound', beforeBytes: 9, afterBytes: 1, durationMs: 2.5 }
  const api = createApi([], {
    maintenance: new Map([['ovn', {
      async compact (request) {
        asked.push(request)
        if (request.as === 'active') throw new MaintenanceRefusedError('n1 is a backup', { cluster: 'ovn', node: 'n1' })
        return { databases: [compacted] }
      },
      versions: async () => VERSIONS,
      snapshots: {
        async take (request) {
          asked.push(request)
          return { snapshot: snapshotOf('n1'), hook: null, removed: [] }
        },
        list: async () => ({ snapshots: [snapshotOf('n1')], problems: ['x'] }),
        async verify (...call) {
          asked.push(call)
          return { snapshot: snapshotOf('n1'), problems: [] }
        }
      },
      restores: { async plan (...call) { asked.push(call); return RESTORE } },
      comparisons: {
        async compare (request) { asked.push(request); return { tables: [], suspects: [SUSPECT], longestReadMs: 1.5 } },
        progress: () => ({ running: { server: 'nb', tableEntries: 30, doneEntries: 2 } }),
        async recheck (request) { asked.push(request.suspects.length); return { lasting: [SUSPECT], moving: [] } },
        async mark (request) { asked.push(request); return { marker: 'verify/n1/4/x' } }
      }
    }]])
  })
  const link = createHttpMaintenanceLink({ cluster: 'ovn', node: 'n1', url: await api.listen({ host: '127.0.0.1', port: 0 }), tls: null, silentAfterMs: 2_000 })
  t.after(async () => {
    await link.stop()
    await api.close()
  })
  return { link, asked, compacted }
}

test('what a controller asks over the wire is what the agent is asked, and its refusals come back as they were', async t => {
  const { link, asked, compacted } = await linked(t)
  const request = { as: 'backup' as const, actor: 'ann', reason: '', deadlineMs: 5_000 }
  assert.deepEqual(await link.compact({ as: 'backup', deadlineMs: 5_000 }), { databases: [compacted] })
  assert.deepEqual(await link.versions(5_000), VERSIONS, 'schemas come whole')
  assert.equal((await link.takeSnapshot(request)).snapshot.id, '20260102-033000-n1')
  assert.deepEqual((await link.snapshots(5_000)).problems, ['x'])
  assert.deepEqual((await link.verifySnapshot('20260102-033000-n1', { deadlineMs: 5_000 })).problems, [])
  assert.deepEqual(asked, [{ as: 'backup', deadlineMs: 5_000 }, request, ['20260102-033000-n1', { deadlineMs: 5_000 }]])
  await assert.rejects(link.compact({ as: 'active', deadlineMs: 5_000 }), (error: OvsdbHaError) => error.code === 'OVSDB_HA_MAINTENANCE_REFUSED' && error.message.includes('n1 is a backup'))
})

test('a comparison, its progress, the marker and the second look go over the wire, also with as many rows as there may be', async t => {
  const { link, asked } = await linked(t)
  const compare = { server: 'nb', active: 'n1', digests: false, deadlineMs: 5_000 }
  assert.deepEqual(await link.compare(compare), { tables: [], suspects: [SUSPECT], longestReadMs: 1.5 })
  assert.deepEqual(await link.compareProgress(5_000), { running: { server: 'nb', tableEntries: 30, doneEntries: 2 } })
  const mark = { server: 'nb', term: 4, deadlineMs: 5_000 }
  assert.deepEqual(await link.mark(mark), { marker: 'verify/n1/4/x' })
  const suspects = Array.from({ length: SUSPECTS_MAX }, () => SUSPECT)
  assert.deepEqual(await link.recheck({ server: 'nb', active: 'n1', marker: 'verify/n1/4/x', suspects, deadlineMs: 5_000 }), { lasting: [SUSPECT], moving: [] })
  assert.deepEqual(asked, [compare, mark, SUSPECTS_MAX])
})

test('the plan of a restore comes back with its transaction as it was', async t => {
  const { link, asked } = await linked(t)
  const request = { server: 'nb', active: 'n1', withOperations: true, deadlineMs: 5_000 }
  assert.deepEqual(await link.planRestore('20260102-033000-n1', request), RESTORE)
  assert.deepEqual(asked, [['20260102-033000-n1', request]])
})
