import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { RescueDesk } from '../../../../controller/rescue-desk.ts'
import { CommandRefusedError } from '../../../../controller/command-errors.ts'
import type { ReplayPlan } from '../../../../protocol/rescue-replay.ts'
import { setUpApi } from '../../controller/api/api-fixture.ts'
import { replayPlan, RESCUE, rescueDiff, rescueView } from '../../controller/rescue-views.ts'
import { assertFailed, runCli } from '../cli-fixture.ts'

async function setUp (t: TestContext, plan: ReplayPlan = replayPlan()) {
  const calls: unknown[] = []
  const desk: RescueDesk = {
    list: async () => ({ nodes: [{ node: 'n1', problem: null, rescues: [rescueView()], freeBytes: 5 }] }),
    show: async () => rescueView(),
    async acknowledge (...call) { calls.push(['acknowledge', ...call]); return rescueView() },
    async remove (...call) {
      calls.push(['remove', ...call])
      if (call[1].force !== true) throw new CommandRefusedError('ovn', { kind: 'notOff', node: 'n1', why: 'a refusal' })
      return rescueView()
    },
    async diff (...call) { calls.push(['diff', ...call]); return rescueDiff() },
    async compareCopies (to) { calls.push(['compareCopies', to]); return { to, sources: [] } },
    async apply (...call) { calls.push(['apply', ...call]); return { applied: call[1].dryRun !== true && plan.conflicts.length === 0, plan } }
  }
  const { app } = await setUpApi(t, { rescues: new Map([['ovn', desk]]) })
  const server = await app.listen({ host: '127.0.0.1', port: 0 })
  return { calls, cli: (...args: readonly string[]) => runCli(['rescue', ...args], { server }) }
}

test('list, show and diff print pages, or the JSON of the API', async t => {
  const { calls, cli } = await setUp(t)
  assert.match((await cli('list')).out, /^ID .*\nn1-0123abcd .* UNSEEN /)
  assert.deepEqual(JSON.parse((await cli('list', '-o', 'json')).out).nodes[0].rescues, [rescueView()])
  assert.match((await cli('show', RESCUE)).out, /why: about to follow n2/)
  assert.match((await cli('diff', RESCUE, '--table', 'ACL', '--kind', 'changed', '--limit', '7')).out, /^n1-0123abcd against n2/)
  assert.deepEqual(calls, [['diff', RESCUE, { table: 'ACL', kind: 'changed', limit: 7 }]])
})

test('apply brings back what was chosen, and says so; without a choice nothing is asked', async t => {
  const { calls, cli } = await setUp(t)
  const done = await cli('apply', RESCUE, '--row', '1111', '2222', '--table', 'ACL', '--reason', 'lost')
  assert.equal(done.code, 0)
  assert.match(done.out, /^1 rows of n1-0123abcd are back in n2/)
  assert.match((await cli('apply', RESCUE, '--all', '--dry-run', '--skip-conflicts')).out, /would be written/)
  assertFailed(await cli('apply', RESCUE), 2, /OVSDB_HA_USAGE: No rows were chosen/)
  assert.deepEqual(calls, [
    ['apply', RESCUE, { rows: ['1111', '2222'], tables: ['ACL'], dryRun: false, reason: 'lost' }, 'local'],
    ['apply', RESCUE, { all: true, skipConflicts: true, dryRun: true }, 'local']
  ])
})

test('conflicts are told with their reasons, and end with 1', async t => {
  const { cli } = await setUp(t, replayPlan({ conflicts: [{ table: 'ACL', uuid: 'u', label: null, reason: 'the name is taken' }] }))
  for (const args of [[], ['--dry-run']]) {
    const { code, out } = await cli('apply', RESCUE, '--all', ...args)
    assert.deepEqual([code, /the name is taken/.test(out)], [1, true])
  }
  const exported = await cli('export', RESCUE, '--all')
  assert.deepEqual([exported.code, exported.out, /the name is taken/.test(exported.err)], [1, '', true])
})

test('export gives the transaction, on the page or in a file that only its owner reads', async t => {
  const { calls, cli } = await setUp(t)
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-export-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const transaction = ['OVN_Northbound', ...replayPlan().operations]
  assert.deepEqual(JSON.parse((await cli('export', RESCUE, '--all')).out), transaction)
  const file = join(directory, 'rows.json')
  assert.match((await cli('export', RESCUE, '--all', '--to', file)).out, /ovsdb-client transact SERVER/)
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), transaction)
  assertFailed(await cli('export', RESCUE, '--all', '--to', join(directory, 'no', 'such')), 2, /OVSDB_HA_FILE_UNUSABLE/)
  assert.deepEqual(calls.map(call => Array.isArray(call) && call[2].dryRun), [true, true, true], 'nothing is written')
})

test('acknowledge and rm pass on the reason, and rm says when it is refused', async t => {
  const { calls, cli } = await setUp(t)
  assert.equal((await cli('acknowledge', RESCUE, '--reason', 'seen')).out, `rescue ${RESCUE} is acknowledged`)
  assertFailed(await cli('rm', RESCUE), 1, /a refusal/)
  assert.equal((await cli('rm', RESCUE, '--force')).out, `rescue ${RESCUE} is deleted`)
  assert.deepEqual(calls, [['acknowledge', RESCUE, { reason: 'seen' }, 'local'], ['remove', RESCUE, {}, 'local'], ['remove', RESCUE, { force: true }, 'local']])
})
