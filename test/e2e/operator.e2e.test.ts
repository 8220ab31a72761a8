// What operators ask for: planned changes, a pause, a failover that loses data when they insist.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { outsidePath } from '../testbed/product.ts'
import { unpacked } from '../testbed/unpacked.ts'
import { poll } from '../testbed/wait.ts'
import { acknowledged, assertFollows, DEADLINE_MS, describeCluster, NEWEST, nodeOf, underHammer, type Scene } from './scenario.ts'

/** A hundred and more: npm run campaign -- switchovers. */
const SWITCHOVERS = 8
const HAMMERS = 3
const PAUSE_SEEN_MS = 4_000

for (const ovs of NEWEST) {
  describeCluster(`operators, Open vSwitch ${ovs}`, { ovs, timing: { coldStartWait: '5s' } }, ({ testbed, scenario }) => {
    scenario('a switchover by the command: no write is lost, and the old active follows', {}, async scene => {
      await scene.status('serving')
      const session = await idleSession(scene)
      const { exitCode, stdout, stderr } = await scene.ovsdbHa('switchover', '--to', 'b', '--reason', 'maintenance of a')
      assert.equal(exitCode, 0, stderr)
      // a session that stayed with the old active would be read-only for ever, and its client would not know
      assert.match(await session.ended, /Connection reset by peer|connection closed|End of file/i)
      assert.match(stdout, /^ovn: switchover a -> b \(term \d+\), done in /)
      const operation = await scene.ended()
      assert.deepEqual([operation.kind, operation.from, operation.to, operation.outcome], ['switchover', 'a', 'b', 'done'])
      assert.match(operation.trigger, /maintenance of a/)
      await assertFollows(scene, 'a')
      await scene.whole()
      await scene.status('after-a-switchover')
    })

    scenario(`${SWITCHOVERS} switchovers under hammering clients lose no acknowledged write`, {}, async scene => {
      const api = await testbed.api()
      let acked = 0
      for (let number = 1; number <= SWITCHOVERS; number++) {
        await scene.whole()
        acked += await underHammer(scene, HAMMERS, async () => {
          const { status, body } = await api.post(`/v1/clusters/${CLUSTER_NAME}/switchover`)
          assert.equal(status, 200, `switchover ${number}: ${JSON.stringify(body)}`)
        })
      }
      scene.t.diagnostic(`hammers: ${acked} acknowledged`)
      const operations = (await scene.entries()).flatMap(({ operation }) => operation ?? [])
      assert.equal(operations.filter(({ kind, outcome }) => kind === 'switchover' && outcome === 'done').length, SWITCHOVERS)
    })

    scenario('paused, a cluster keeps serving and decides nothing; resumed, it acts', { failovers: 1 }, async scene => {
      assert.equal((await scene.ovsdbHa('pause', '--reason', 'work on the switch')).exitCode, 0)
      await testbed.killServer('c', 'nb')
      await scene.until('nb of c runs again', view => nodeOf(view, 'c').servers.every(({ health }) => health === 'up'))
      const [first] = await acknowledged(scene.clients[0]!)
      await poll(async () => {
        const last = (await acknowledged(scene.clients[0]!)).at(-1)
        return last !== undefined && first !== undefined && last.atMs - first.atMs > PAUSE_SEEN_MS ? true : null
      }, { deadlineMs: DEADLINE_MS, everyMs: 200, what: 'writes for longer than a lease' })
      const behind = await scene.until('c, which nobody told to follow, is behind', view => nodeOf(view, 'c').ineligible?.code === 'behind')
      assert.equal(behind.active, 'a', 'renewals go on')
      await scene.status('paused')
      await testbed.killServer('a', 'nb')
      const held = await scene.until('it holds, and the old active is back', ({ hold, nodes }) => hold?.code === 'paused' && hold.message.startsWith('a would take over') &&
        nodes.every(({ problems, servers }) => problems.length === 0 && servers.every(({ health }) => health === 'up')))
      assert.equal(held.active, null)
      await scene.status('paused-and-nobody-serves')
      assert.equal((await scene.ovsdbHa('resume')).exitCode, 0)
      const operation = await scene.ended()
      assert.equal(operation.outcome, 'done', operation.detail)
    })

    scenario('with no candidate in sync a failover is refused, and by force it is done and the loss is told', { judge: (missing, client) => { assert.ok(missing > 0, `${client.name} wrote after b and c were cut off, and those writes can only be missing`) } }, async scene => {
      await testbed.exec('a', ['nft', 'add table inet e2e; add chain inet e2e input { type filter hook input priority -10; }; add rule inet e2e input tcp dport { 16641, 16642 } drop'])
      await scene.until('the backups are behind', view => ['b', 'c'].every(name => nodeOf(view, name).ineligible?.code === 'behind'))
      await scene.status('backups-behind')
      const lostAtMs = (await acknowledged(scene.clients[0]!)).at(-1)?.atMs ?? 0
      await testbed.powerOffHost('a')
      await scene.until('nobody can take over', view => view.hold?.code === 'noCandidate')
      await scene.status('nobody-can-take-over')
      const refused = await scene.ovsdbHa('failover')
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /b refused \(behind\): b is \d+ heartbeats behind/)
      const forced = await scene.ovsdbHa('failover', '--force', '--reason', 'the site burns')
      assert.equal(forced.exitCode, 0, forced.stderr)
      assert.match(forced.stdout.replaceAll(/\s+/g, ' '), /forced, and this is lost: . is \d+ heartbeats behind the last active a/)
      const operation = await scene.ended()
      assert.deepEqual([operation.kind, operation.outcome, operation.to !== 'a'], ['forcedFailover', 'done', true])
      await scene.clientsWrite()
      await testbed.startHost('a')
      await assertFollows(scene, 'a')
      const kept = await scene.entry('the file of a is kept', ({ kind, node, facts }) => kind === 'rescueKept' && node === 'a' && facts.server === 'nb')
      const rescue = await unpacked(path.join(hostOf(testbed.plan, 'a').directory, path.relative('/run/ovsdb-ha', String(kept.facts.file))), file => readFile(file, 'utf8'))
      const before = (await acknowledged(scene.clients[0]!)).filter(({ atMs }) => atMs < lostAtMs).at(-1)
      assert.ok(before !== undefined && rescue.includes(`"${before.row}"`), `the write ${before?.row}, which only a had, is in ${kept.facts.file}`)
    })
  })
}

/** A client that has read what it wanted and now only listens: nothing that it does would tell it that the active has changed. */
async function idleSession ({ testbed }: Scene): Promise<{ readonly ended: Promise<string> }> {
  const file = '/run/ovsdb-ha/idle-session'
  const target = `tcp:${testbed.plan.vip}:6641`
  const ended = testbed.exec('client', ['sh', '-c', 'exec ovsdb-client monitor "$0" OVN_Northbound Address_Set "$1" > "$2"', target, 'name,!insert,!delete,!modify', file], { timeoutMs: DEADLINE_MS }).then(({ stderr }) => stderr)
  await poll(async () => (await readFile(outsidePath(hostOf(testbed.plan, 'client'), file), 'utf8').catch(() => '')).includes('initial') || null, { deadlineMs: DEADLINE_MS, what: 'the session to have its first answer' })
  return { ended }
}
