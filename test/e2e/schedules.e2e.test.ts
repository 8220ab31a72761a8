// What a cluster does at set times, on real hosts: the jobs of one night, in a few minutes.
import assert from 'node:assert/strict'
import { poll } from '../testbed/wait.ts'
import { assertFollows, DEADLINE_MS, describeCluster, PATIENT } from './scenario.ts'

const MINUTE_MS = 60_000
/** The testbed is up by then. */
const DUE = new Date(Date.now() + 2 * MINUTE_MS)
const CRON = `${DUE.getUTCMinutes()} ${DUE.getUTCHours()} * * *`
const SCHEDULES = { jitter: '0s', snapshot: { cron: CRON }, drill: { cron: CRON, stay: '3s' }, compaction: { cron: CRON, quietFor: '1s' } }

describeCluster('schedules', { timing: PATIENT, schedules: SCHEDULES }, ({ scenario }) => {
  scenario('a snapshot is taken from a backup, every node is compacted, a drill goes there and back: under writing clients, without a lost write', {}, async scene => {
    const told = (kind: string) => poll(async () => (await scene.entries()).find(entry => entry.kind === kind) ?? null, { deadlineMs: 3 * MINUTE_MS + DEADLINE_MS, everyMs: 500, what: `the history to tell ${kind}` })
    const snapshot = await told('snapshotTaken')
    assert.deepEqual([snapshot.facts.as, snapshot.facts.actor, snapshot.node === 'a'], ['backup', 'the schedule', false], snapshot.message)
    scene.t.diagnostic(snapshot.message)
    const drill = await told('drillEnded')
    assert.equal(drill.facts.outcome, 'done', drill.message)
    assert.deepEqual([drill.severity, drill.facts.from], ['info', 'a'])
    scene.t.diagnostic(drill.message)
    const changes = (await scene.entries()).flatMap(({ operation }) => operation ?? [])
    assert.deepEqual(changes.map(({ kind, from, to, outcome }) => [kind, from, to, outcome]), [['switchover', 'a', drill.facts.to, 'done'], ['switchover', drill.facts.to, 'a', 'done']])
    assert.match(changes[0]?.trigger ?? '', /the schedule asked for a switchover: failover drill: a is to serve again afterwards/)
    await scene.until('a serves again', view => view.active === 'a')
    const compaction = await told('compactionEnded')
    scene.t.diagnostic(compaction.message)
    assert.deepEqual([compaction.severity, compaction.facts.compacted, compaction.facts.passedOver], ['info', 3, 0], compaction.message)
    const order = (await scene.entries()).filter(({ kind }) => kind === 'databaseCompacted').map(({ node }) => node)
    assert.equal(order.at(-1), 'a', 'the active comes last')
    assert.equal(order.length, 3 * 4, 'two servers with two databases each')
    await assertFollows(scene, 'b')
    const now = await scene.ovsdbHa('backup', 'now', '--reason', 'by hand')
    assert.equal(now.exitCode, 0, now.stderr)
    const [id = ''] = now.stdout.split(':')
    assert.match(now.stdout, /^\d{8}-\d{6}-[bc]: from [bc] \(backup\), read back whole\n {2}OVN_Northbound [\s\S]*\n {2}OVN_Southbound /)
    const list = (await scene.ovsdbHa('backup', 'list')).stdout
    assert.ok(list.includes(id) && list.includes(String(snapshot.facts.snapshot)), list)
    assert.deepEqual([(await scene.ovsdbHa('backup', 'verify', id)).stdout.trim(), (await scene.ovsdbHa('backup', 'verify', String(snapshot.facts.snapshot))).exitCode], [`${id} is whole`, 0])
  })
})
