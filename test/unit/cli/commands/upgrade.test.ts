import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { UpgradeDesk } from '../../../../controller/upgrade-desk.ts'
import type { UpgradeCheck, UpgradeView } from '../../../../protocol/upgrade.ts'
import { setUpApi, TOKENS } from '../../controller/api/api-fixture.ts'
import { assertFailed, runCli } from '../cli-fixture.ts'

const UPGRADE: NonNullable<UpgradeView['upgrade']> = {
  id: '2026-01-02T03:30:00.000Z',
  by: 'ann',
  reason: 'new packages',
  converts: [],
  stage: 'running',
  why: null,
  waitsFor: 'n2 copies',
  steps: [{ action: 'restart', node: 'n2', state: 'done' }, { action: 'switchover', node: 'n1', state: 'waiting' }, { action: 'restart', node: 'n1', state: 'waiting' }]
}
const CHECK: UpgradeCheck = {
  nodes: [{ node: 'n1', active: true, problem: null, servers: [{ server: 'nb', run: 'process', version: '3.1.0', installed: '3.5.0', problem: null, databases: [{ database: 'OVN_Northbound', version: '7.0.0', checksum: '11 22', digest: 'abc', file: null }] }] }, { node: 'n2', active: false, problem: 'no answer', servers: [] }],
  mismatches: [{ database: 'OVN_Northbound', from: 'n1', to: 'n2', differences: ['column T.b is missing in the backup'] }],
  steps: UPGRADE.steps,
  refusals: [{ why: 'n2 was not heard: no answer', help: 'See that the agent of n2 runs.' }],
  notes: ['a restart makes nb of n1 3.5.0; 3.1.0 runs']
}

async function controller (t: TestContext, views: readonly UpgradeView[], check: UpgradeCheck = CHECK) {
  const calls: unknown[] = []
  const left = [...views]
  const show = (): UpgradeView => (left.length > 1 ? left.shift() : left[0]) ?? { upgrade: null }
  const order = (name: string) => async (...call: readonly unknown[]) => { calls.push([name, ...call]); return show() }
  const desk: UpgradeDesk = { check: async () => check, show, run: order('run'), stop: order('stop'), resume: order('resume') }
  const { app } = await setUpApi(t, { upgrades: new Map([['ovn', desk]]) })
  return { server: await app.listen({ host: '127.0.0.1', port: 0 }), calls }
}

test('check shows who runs what, what does not fit and what would happen, and ends with 1 when it would be refused', async t => {
  const { server } = await controller(t, [])
  const { code, out } = await runCli(['upgrade', 'check'], { server })
  assert.equal(code, 1)
  assert.deepEqual(out.split('\n'), [
    'NODE         SERVER  RUNS   RESTART BRINGS  SCHEMAS',
    'n1 (active)  nb      3.1.0  3.5.0           OVN_Northbound 7.0.0 (11 22)',
    'n2                                          no answer',
    'OVN_Northbound: n2 could not follow n1:',
    '    column T.b is missing in the backup',
    'note: a restart makes nb of n1 3.5.0; 3.1.0 runs',
    'upgrade run would:',
    '  1. restart the servers of n2, and wait until it follows, whole',
    '  2. move the service away from n1',
    '  3. restart the servers of n1, and wait until it follows, whole',
    'and WOULD BE REFUSED now:',
    '  n2 was not heard: no answer. See that the agent of n2 runs.'
  ])
  const sound = await controller(t, [], { ...CHECK, refusals: [], mismatches: [], notes: [] })
  const fine = await runCli(['upgrade', 'check', 'ovn'], { server: sound.server })
  assert.equal(fine.code, 0)
  assert.match(fine.out, /and could begin now$/)
})

test('run waits until it is done; one that is stopped ends with 1 and says why', async t => {
  const done = await controller(t, [{ upgrade: UPGRADE }, { upgrade: { ...UPGRADE, stage: 'done', waitsFor: null } }])
  const one = await runCli(['upgrade', 'run', '--reason', 'new packages'], { server: done.server })
  assert.equal(one.code, 0, one.err)
  assert.match(one.out, /^restart of all servers, ordered by ann at 2026-01-02T03:30:00\.000Z \(new packages\): done\n {2}done {4}restart the servers of n2/)
  const [[order, , body] = []] = done.calls as unknown[][]
  assert.deepEqual([order, body], ['run', { reason: 'new packages' }])
  const stopped = await controller(t, [{ upgrade: { ...UPGRADE, stage: 'stopped', why: 'n3 does not report', waitsFor: null } }])
  const two = await runCli(['upgrade', 'resume'], { server: stopped.server })
  assert.equal(two.code, 1)
  assert.match(two.out, /STOPPED\n {2}stopped: n3 does not report/)
})

test('status, --no-wait and stop answer at once', async t => {
  const { server, calls } = await controller(t, [{ upgrade: UPGRADE }])
  for (const args of [['status'], ['run', '--no-wait'], ['stop', '--reason', 'lunch']]) {
    const { code, out } = await runCli(['upgrade', ...args], { server })
    assert.deepEqual([code, /running\n {2}waits: n2 copies/.test(out)], [0, true], out)
  }
  assert.deepEqual(calls.map(call => (call as string[])[0]), ['run', 'stop'])
})

test('a viewer sees it and orders nothing; an unknown key and an unknown cluster are refused', async t => {
  const calls: string[] = []
  const note = (name: string) => async () => { calls.push(name); return { upgrade: UPGRADE } }
  const desk: UpgradeDesk = { check: async () => CHECK, show: () => ({ upgrade: UPGRADE }), run: note('run'), stop: note('stop'), resume: note('resume') }
  const { app, post } = await setUpApi(t, { tokens: TOKENS, upgrades: new Map([['ovn', desk]]) })
  const [viewer, operator] = ['viewer-secret', 'operator-secret'].map(token => ({ authorization: `Bearer ${token}` }))
  for (const path of ['upgrade', 'upgrade/check']) assert.equal((await app.inject({ method: 'GET', url: `/v1/clusters/ovn/${path}`, headers: viewer! })).statusCode, 200)
  for (const path of ['run', 'stop', 'resume']) assert.equal((await post(`/v1/clusters/ovn/upgrade/${path}`, {}, viewer)).status, 403)
  assert.equal((await post('/v1/clusters/ovn/upgrade/run', { resaon: 'x' }, operator)).status, 400)
  assert.equal((await post('/v1/clusters/nowhere/upgrade/run', {}, operator)).status, 404)
  assert.deepEqual(calls, [])
  assert.equal((await post('/v1/clusters/ovn/upgrade/run', {}, operator)).status, 200)
  assert.deepEqual(calls, ['run'])
  assertFailed(await runCli(['upgrade', 'away'], { server: 'http://127.0.0.1:1' }), 2, /unknown command/)
})
