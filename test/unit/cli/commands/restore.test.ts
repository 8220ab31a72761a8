import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { RestoreBody, RestoreReply } from '../../../../protocol/restore.ts'
import { setUpApi } from '../../controller/api/api-fixture.ts'
import { assertFailed, runCli } from '../cli-fixture.ts'

const ID = '20260102-033000-n2'
const TABLES = [{ table: 'Logical_Switch', comingRows: 2, changedRows: 1, vanishingRows: 3 }]

function replyOf (dryRun: boolean, over: Partial<RestoreReply> = {}): RestoreReply {
  return {
    snapshot: ID,
    active: 'n1',
    takenAt: '2026-01-02T03:30:00.000Z',
    dryRun,
    databases: [{ server: 'nb', database: 'OVN_Northbound', state: dryRun ? 'planned' : 'restored', problem: null, tables: TABLES }],
    before: dryRun ? null : '20260103-033000-n1',
    backups: dryRun ? null : 'same',
    ...over
  }
}

async function controller (t: TestContext, over: Partial<RestoreReply> = {}) {
  const bodies: RestoreBody[] = []
  const desk = { async restore (_id: string, body: RestoreBody) { bodies.push(body); return replyOf(body.dryRun === true, over) } }
  const { app } = await setUpApi(t, { restores: new Map([['ovn', desk]]) })
  return { server: await app.listen({ host: '127.0.0.1', port: 0 }), bodies }
}

test('without a confirmation it shows what would be overwritten, changes nothing, and ends with 1', async t => {
  const { server, bodies } = await controller(t)
  const { code, out, err } = await runCli(['backup', 'restore', ID], { server })
  assert.equal(code, 1)
  assert.match(out, /^20260102-033000-n2 \(of 2026-01-02T03:30:00\.000Z\) on n1\nnb \(OVN_Northbound\): would be overwritten: 2 rows come back, 1 change, 3 vanish\n {2}TABLE +COME BACK +CHANGE +VANISH\n {2}Logical_Switch +2 +1 +3$/)
  assert.equal(err, `nothing was changed. To do it: ovsdb-ha backup restore ${ID} --confirm ovn`)
  assert.equal((await runCli(['backup', 'restore', ID, '--dry-run', '--yes'], { server })).code, 0)
  assert.deepEqual(bodies, [{ dryRun: true }, { dryRun: true }])
})

test('with the name of the cluster, or --yes, it is done; another name is a mistake', async t => {
  const { server, bodies } = await controller(t)
  const done = await runCli(['backup', 'restore', ID, '--confirm', 'ovn', '--reason', 'deleted'], { server })
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /nb \(OVN_Northbound\): restored: .*\nwhat was there before is kept as 20260103-033000-n1: restore it to undo this\nbackups, compared with n1: same$/s)
  assert.equal((await runCli(['backup', 'restore', ID, '--yes'], { server })).code, 0)
  assert.deepEqual(bodies, [{ confirm: 'ovn', reason: 'deleted' }, { confirm: 'ovn' }])
  assertFailed(await runCli(['backup', 'restore', ID, '--confirm', 'other'], { server }), 2, /--confirm other is not the name of the cluster/)
  assert.equal(bodies.length, 2)
})

test('one that broke off ends with 1, and says how to go on', async t => {
  const { server } = await controller(t, { databases: [{ server: 'nb', database: 'OVN_Northbound', state: 'failed', problem: 'the agent died', tables: TABLES }], backups: null })
  const { code, out } = await runCli(['backup', 'restore', ID, '--yes'], { server })
  assert.equal(code, 1)
  assert.match(out, /NOT restored.*\n {2}the agent died\n/)
  assert.match(out, /restore it again to go on/)
})
