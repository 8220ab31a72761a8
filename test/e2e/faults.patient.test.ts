// Files that are not what they should be, on a backup: each is named for what it is, and harms nobody else.
import assert from 'node:assert/strict'
import { CLUSTER_NAME, serverPaths } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { acknowledged, assertFollows, DEADLINE_MS, describeCluster, endAgent, NEWEST, nodeOf, PATIENT, type Scene } from './scenario.ts'

/** By hand also longer: OVSDB_HA_E2E_DOWN_MS=600000; many leases in any case. */
const CONTROLLERS_DEAD_MS = Number(process.env.OVSDB_HA_E2E_DOWN_MS ?? 20_000)
const TWICE_THE_LEASE_MS = 16_000
const VOTER_FILE = `/run/ovsdb-ha/lib/${CLUSTER_NAME}/voter.json`

for (const ovs of NEWEST) {
  describeCluster(`files that are gone or wrong, Open vSwitch ${ovs}`, { ovs, timing: PATIENT }, ({ testbed, scenario }) => {
    const inside = async (script: string): Promise<string> => {
      const { failed, stdout, stderr } = await testbed.exec('c', ['sh', '-ec', script])
      assert.ok(!failed, stderr)
      return stdout
    }
    const serverOf = (view: Awaited<ReturnType<Scene['view']>>) => nodeOf(view, 'c').servers.find(({ name }) => name === 'nb')
    const { controlSocket, databaseSocket, pidFile } = serverPaths('nb')

    scenario('a database socket that is missing: the server is unknown, and the report says why; nobody takes it for dead', { undisturbed: true }, async scene => {
      const before = serverOf(await scene.view())
      await inside(`mv ${databaseSocket} ${databaseSocket}.away; ovs-appctl -t ${controlSocket} ovsdb-server/reconnect`)
      const view = await scene.until('nb of c is unknown', cluster => serverOf(cluster)?.health === 'unknown')
      assert.match(serverOf(view)?.reason ?? '', /process \d+ runs, but .*nb\.sock/)
      await scene.status('socket-missing')
      await inside(`mv ${databaseSocket}.away ${databaseSocket}`)
      await assertFollows(scene, 'c')
      assert.equal(serverOf(await scene.view())?.pid, before?.pid, 'it is the same process')
    })

    scenario('a pid file that names a process which is gone: the server is started all the same', { undisturbed: true }, async scene => {
      await endAgent(testbed, 'c')
      await testbed.killServer('c', 'nb')
      await inside(`echo 4194303 > ${pidFile}`)
      await testbed.startAgent('c')
      await assertFollows(scene, 'c')
      const found = serverOf(await scene.view())
      assert.equal((await inside(`cat ${pidFile}`)).trim(), String(found?.pid), 'as c counts processes')
    })

    scenario('a pid file whose number belongs to another program now: that program is left alone', { undisturbed: true }, async scene => {
      await endAgent(testbed, 'c')
      await testbed.killServer('c', 'nb')
      const bystander = (await inside(`setsid sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! | tee ${pidFile}`)).trim()
      await testbed.startAgent('c')
      await assertFollows(scene, 'c')
      assert.match(await inside(`tr '\\0' ' ' < /proc/${bystander}/cmdline`), /^sleep 1000/, 'the bystander lives')
      assert.notEqual(String(serverOf(await scene.view())?.pid), bystander)
      await inside(`kill ${bystander}`)
    })

    scenario('a pid file that lies about a server that runs: it is found by its command line, and the lie is told', { undisturbed: true }, async scene => {
      const before = serverOf(await scene.view())
      await endAgent(testbed, 'c')
      await inside(`echo 1 > ${pidFile}`)
      await testbed.startAgent('c')
      const told = await scene.entry('what is wrong with the pid file', ({ kind, node }) => kind === 'pidFileWrong' && node === 'c')
      assert.match(told.message, /^server nb runs, but the pid file \S+ names process 1, which is another program \(reused process id\): bash .*; found by its command line$/)
      await scene.whole()
      assert.equal(serverOf(await scene.view())?.pid, before?.pid, 'it was not started again')
      await inside(`echo ${before?.pid} > ${pidFile}`)
    })

    scenario('a voter whose state is corrupt refuses to vote and says the way out, which leads out', { undisturbed: true }, async scene => {
      await endAgent(testbed, 'c')
      await inside(`printf 'x' | dd of=${VOTER_FILE} bs=1 seek=5 conv=notrunc 2> /dev/null`)
      await testbed.startAgent('c')
      const view = await scene.until('c cannot vote', cluster => nodeOf(cluster, 'c').ineligible?.code === 'cannotVote')
      const problem = nodeOf(view, 'c').problems.find(({ code }) => code === 'cannotVote')
      assert.match(problem?.message ?? '', /voter\.json is corrupt .*Way out: stop this agent and wait twice the lease; if another node still serves then, delete the file and start the agent/)
      assert.equal(view.automaticFailover.possible, false)
      await scene.status('voter-corrupt')
      await endAgent(testbed, 'c')
      const stoppedAtMs = performance.now()
      await poll(async () => performance.now() - stoppedAtMs > TWICE_THE_LEASE_MS ? true : null, { deadlineMs: DEADLINE_MS, what: 'whatever c granted to be over' })
      assert.equal((await scene.view()).active, 'a')
      await inside(`rm ${VOTER_FILE}`)
      await testbed.startAgent('c')
      await assertFollows(scene, 'c')
    })

    scenario('every controller is dead for many leases: clients write without a gap, and nothing has changed when one is back', { undisturbed: true }, async scene => {
      const before = await scene.view()
      await testbed.killController()
      const clients = await Promise.all(scene.clients.map(async client => ({ client, fromMs: (await acknowledged(client)).at(-1)?.atMs ?? 0 })))
      for (const { client, fromMs } of clients) {
        await poll(async () => ((await acknowledged(client)).at(-1)?.atMs ?? 0) - fromMs > CONTROLLERS_DEAD_MS ? true : null, { deadlineMs: CONTROLLERS_DEAD_MS + DEADLINE_MS, everyMs: 1_000, what: `writes of all that time by ${client.name}` })
      }
      await testbed.startController()
      const after = await scene.whole()
      assert.deepEqual([after.active, after.term], [before.active, before.term])
    })
  })
}
