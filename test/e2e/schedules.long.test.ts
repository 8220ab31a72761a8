// What a cluster does at set times, on real hosts: the jobs of one night, in a few minutes.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import type { HistoryEntry } from '../../protocol/api.ts'
import { clusterFilePath } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { findProcess } from '../testbed/product.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import { assertFollows, DEADLINE_MS, describeCluster, NEWEST, PATIENT, type Scene } from './scenario.ts'

const MINUTE_MS = 60_000
/** The controller has started again by then. */
const AHEAD_MS = 15_000
/** From when it is due: one after the other, under writing clients. */
const JOBS_DEADLINE_MS = 3 * MINUTE_MS + 2 * DEADLINE_MS

/** All jobs are due at the same minute, soon. */
async function scheduleSoon ({ plan, killController, startController }: Testbed): Promise<void> {
  const host = hostOf(plan, 'ctl')
  const path = clusterFilePath(plan, host)
  const file = parse(await readFile(path, 'utf8'))
  const due = new Date(Math.ceil((Date.now() + AHEAD_MS) / MINUTE_MS) * MINUTE_MS)
  const cron = `${due.getUTCMinutes()} ${due.getUTCHours()} * * *`
  file.clusters[0].schedules = { jitter: '0s', snapshot: { cron }, drill: { cron, stay: '3s' }, compaction: { cron, quietFor: '1s' }, audit: { cron } }
  await writeFile(path, stringify(file))
  await killController()
  await poll(async () => await findProcess(host, 'controller') === null ? true : null, { deadlineMs: DEADLINE_MS, what: 'the controller to be gone' })
  await startController()
}

function told (scene: Scene, kind: string): Promise<HistoryEntry> {
  return poll(async () => (await scene.entries().catch(() => [])).find(entry => entry.kind === kind) ?? null, { deadlineMs: AHEAD_MS + MINUTE_MS + JOBS_DEADLINE_MS, everyMs: 500, what: `the history to tell ${kind}` })
}

for (const ovs of NEWEST) {
  describeCluster(`schedules, Open vSwitch ${ovs}`, { ovs, timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('a snapshot is taken from a backup, every node is compacted and compared, a drill goes there and back: under writing clients, without a lost write', {}, async scene => {
      await scheduleSoon(testbed)
      const snapshot = await told(scene, 'snapshotTaken')
      assert.deepEqual([snapshot.facts.as, snapshot.facts.actor, snapshot.node === 'a'], ['backup', 'the schedule', false], snapshot.message)
      scene.t.diagnostic(snapshot.message)
      const compaction = await told(scene, 'compactionEnded')
      scene.t.diagnostic(compaction.message)
      assert.deepEqual([compaction.severity, compaction.facts.compacted, compaction.facts.passedOver], ['info', 3, 0], compaction.message)
      const order = (await scene.entries()).filter(({ kind }) => kind === 'databaseCompacted').map(({ node }) => node)
      assert.equal(order.at(-1), 'a', 'the active comes last')
      assert.equal(order.length, 3 * 4, 'two servers with two databases each')
      const audit = await told(scene, 'verifyEnded')
      assert.deepEqual([audit.severity, audit.facts.outcome, audit.facts.actor], ['info', 'same', 'the schedule'], audit.message)
      scene.t.diagnostic(audit.message)
      const drill = await told(scene, 'drillEnded')
      assert.equal(drill.facts.outcome, 'done', drill.message)
      assert.deepEqual([drill.severity, drill.facts.from], ['info', 'a'])
      scene.t.diagnostic(drill.message)
      const changes = (await scene.entries()).flatMap(({ operation }) => operation ?? [])
      assert.deepEqual(changes.map(({ id, kind, from, to, outcome }) => [id, kind, from, to, outcome]), [[drill.facts.thereOperation, 'switchover', 'a', drill.facts.to, 'done'], [drill.facts.backOperation, 'switchover', drill.facts.to, 'a', 'done']])
      assert.match(changes[0]?.trigger ?? '', /the schedule asked for a switchover: failover drill: a is to serve again afterwards/)
      await scene.until('a serves again, and no job is troubled', ({ active, schedules }) => active === 'a' && schedules.length === 0)
      await assertFollows(scene, 'b')
      const lasts = (await scene.ovsdbHa('schedules')).stdout
      assert.equal(lasts.match(/ done, /g)?.length, 4, lasts)
    })

    scenario('a snapshot and a drill are run by hand', {}, async scene => {
      const now = await scene.ovsdbHa('backup', 'now', '--reason', 'by hand')
      assert.equal(now.exitCode, 0, now.stderr)
      const [id = ''] = now.stdout.split(':')
      assert.match(now.stdout, /^\d{8}-\d{6}-[bc]: from [bc] \(backup\), read back whole\n {2}OVN_Northbound [\s\S]*\n {2}OVN_Southbound /)
      const list = (await scene.ovsdbHa('backup', 'list')).stdout
      assert.ok(list.includes(id), list)
      assert.equal((await scene.ovsdbHa('backup', 'verify', id)).stdout.trim(), `${id} is whole`)
      const begun = await scene.ovsdbHa('schedules', 'run', 'drill', '--no-wait') // on a loaded machine it may take longer than a command has here
      assert.equal(begun.exitCode, 0, begun.stderr)
      const drill = await told(scene, 'drillEnded')
      assert.equal(drill.facts.outcome, 'done', drill.message)
      scene.t.diagnostic(drill.message)
      assert.match((await scene.ovsdbHa('schedules')).stdout.replaceAll(/\s+/g, ' '), / done, \S+ \S+ UTC, by testbed, .*: failover drill done: the service moved from a to [bc] in \d+ ms/)
    })
  })
}
