import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { SnapshotDesk } from '../../../../controller/snapshot-desk.ts'
import { setUpApi } from '../../controller/api/api-fixture.ts'
import { snapshotOf } from '../../controller/snapshot-views.ts'
import { assertFailed, runCli } from '../cli-fixture.ts'

async function controller (t: TestContext) {
  const reasons: string[] = []
  const desk: SnapshotDesk = {
    async take (_actor, reason) { reasons.push(reason); return snapshotOf('n2') },
    takeFrom: async () => snapshotOf('n2'),
    list: async () => ({ snapshots: [snapshotOf('n2')], problems: [] }),
    verify: async id => ({ snapshot: snapshotOf('n2', id), problems: id.endsWith('n3') ? ['nb.OVN_Northbound.db.gz is not what was written: its digest differs'] : [] })
  }
  const { app } = await setUpApi(t, { snapshots: new Map([['ovn', desk]]) })
  return { server: await app.listen({ host: '127.0.0.1', port: 0 }), reasons }
}

test('backup now takes one and tells where it is; list lists it', async t => {
  const { server, reasons } = await controller(t)
  const now = await runCli(['backup', 'now', '--reason', 'before the upgrade'], { server })
  assert.equal(now.code, 0, now.err)
  assert.match(now.out, /^20260102-033000-n2: from n2 \(backup\), read back whole\n {2}OVN_Northbound 7\.0\.0: 3 rows/)
  assert.deepEqual(reasons, ['before the upgrade'])
  assert.match((await runCli(['backup', 'list', '--cluster', 'ovn'], { server })).out, /20260102-033000-n2 {2}backup/)
  assert.equal(JSON.parse((await runCli(['backup', 'list', '-o', 'json'], { server })).out).snapshots.length, 1)
})

test('backup verify ends with 1 for a damaged one, and names what is wrong', async t => {
  const { server } = await controller(t)
  assert.deepEqual(await runCli(['backup', 'verify', '20260102-033000-n2'], { server }), { code: 0, out: '20260102-033000-n2 is whole', err: '' })
  const damaged = await runCli(['backup', 'verify', '20260102-033000-n3'], { server })
  assert.deepEqual([damaged.code, damaged.out], [1, '20260102-033000-n3 IS DAMAGED:\n  nb.OVN_Northbound.db.gz is not what was written: its digest differs'])
  assertFailed(await runCli(['backup', 'verify', 'latest'], { server }), 2, /id must match/)
})
