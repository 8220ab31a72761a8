import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CommandRefusedError } from '../../../../controller/command-errors.ts'
import type { Verifier } from '../../../../controller/verifier.ts'
import type { Verification } from '../../../../protocol/verify.ts'
import { setUpApi } from '../../controller/api/api-fixture.ts'
import { differingPart, partOf, tableOf, verificationOf } from '../../controller/verification-views.ts'
import { runCli } from '../cli-fixture.ts'

const RUNNING = verificationOf({ outcome: 'running', durationMs: null, parts: [partOf('n2', { state: 'running', doneEntries: 1, tables: [] }), partOf('n3', { state: 'waiting', tables: [] })] })

async function controller (t: TestContext, ...looks: readonly Verification[]) {
  const left = [...looks]
  const bodies: unknown[] = []
  const verifier: Verifier = {
    begin (body) { bodies.push(body); return left.shift()! },
    run: async () => verificationOf(),
    show: () => left.shift()!,
    list: () => []
  }
  const { app } = await setUpApi(t, { verifiers: new Map([['ovn', verifier]]) })
  return { server: await app.listen({ host: '127.0.0.1', port: 0 }), bodies }
}

test('verify shows how far it is, and ends with 0 when every backup is as the active', async t => {
  const { server, bodies } = await controller(t, RUNNING, verificationOf())
  const { code, out, err } = await runCli(['verify', 'ovn', '--reason', 'monthly'], { server })
  assert.equal(code, 0, err)
  assert.match(err, /^0 of 2 databases compared with n1; n2 nb: 1 of 2 tables\n2 of 2 databases compared with n1$/)
  assert.match(out, /^ovn: every backup has what n1 has \(1\.2 s\)\nn2 nb \(OVN_Northbound\): the same, 8 rows in 2 tables; the longest table took the active 12 ms\nn3 nb /)
  assert.deepEqual(bodies, [{ reason: 'monthly' }])
})

test('a difference ends with 1 and is told table by table; JSON has all of it', async t => {
  const ended = verificationOf({ outcome: 'differs', parts: [differingPart(), partOf('n3', { state: 'notCompared', problem: 'n3 does not report', tables: [] })] })
  const { server } = await controller(t, ended, ended)
  const { code, out } = await runCli(['verify'], { server })
  assert.equal(code, 1)
  assert.match(out, /^ovn: NOT every backup has what n1 has .*\nn2 nb \(OVN_Northbound\): DIFFERS, .*\n {2}TABLE +ACTIVE +BACKUP +LACKS +CHANGED +SURPLUS +DIFFERS IN\n {2}Logical_Switch +4 +3 +1 +2 +0 +name, ports\nn3 nb \(OVN_Northbound\): not compared\n {2}n3 does not report$/)
  const json = await runCli(['verify', '--json'], { server })
  assert.deepEqual([json.code, JSON.parse(json.out)], [1, ended])
})

test('with --digest both sides of each table are shown', async t => {
  const { server, bodies } = await controller(t, verificationOf({ parts: [partOf('n2', { tables: [{ ...tableOf('ACL', { activeDigest: 'ab12', backupDigest: 'ab12' }), lastingRows: 0 }] })] }))
  assert.match((await runCli(['verify', '--digest'], { server })).out, / {2}ACL 4\n {4}active ab12\n {4}backup ab12$/)
  assert.deepEqual(bodies, [{ digests: true }])
})

test('what only the leader knows is asked of the leader, also by a question', async t => {
  const leads = await controller(t, RUNNING, verificationOf())
  const refuse = () => { throw new CommandRefusedError('ovn', { kind: 'notLeading' }, { name: 'c1', url: leads.server }) }
  const { app } = await setUpApi(t, { verifiers: new Map([['ovn', { begin: refuse, run: refuse, show: refuse, list: refuse }]]) })
  const follower = await app.listen({ host: '127.0.0.1', port: 0 })
  assert.equal((await runCli(['verify', 'ovn'], { server: follower })).code, 0)
})
