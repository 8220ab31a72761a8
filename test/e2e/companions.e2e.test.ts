// ovn-northd runs where the active is, and nowhere else, whatever happens to the active: what a client writes into the
// Northbound database reaches the Southbound one.
import assert from 'node:assert/strict'
import { NORTHD_CONTROL, SERVERS } from '../testbed/cluster-file.ts'
import { hostOf } from '../testbed/plan.ts'
import { processesIn, signal } from '../testbed/processes.ts'
import { poll } from '../testbed/wait.ts'
import { assertFailedOver, assertFollows, DEADLINE_MS, describeCluster, endAgent, NEWEST, type Scene } from './scenario.ts'

const [NORTHBOUND, SOUTHBOUND] = SERVERS
/** northd removes what it does not know from the Southbound database: what the prober would write there, too. */
const NORTHBOUND_ALONE = [NORTHBOUND.name]
let switches = 0

/** As clients do: through the virtual address. Resolves to what the program printed; null when it was not let in. */
async function onClient ({ testbed }: Scene, program: string, port: number, ...args: readonly string[]): Promise<string | null> {
  const { failed, stdout } = await testbed.exec('client', [program, '--timeout=5', `--db=tcp:${testbed.plan.vip}:${port}`, ...args], { timeoutMs: 10_000 })
  return failed ? null : stdout.trim()
}

async function assertTranslated (scene: Scene): Promise<void> {
  const name = `companion-${++switches}`
  await poll(() => onClient(scene, 'ovn-nbctl', NORTHBOUND.port, '--may-exist', 'ls-add', name), { deadlineMs: DEADLINE_MS, what: 'a logical switch to be taken' })
  await poll(async () => await onClient(scene, 'ovn-sbctl', SOUTHBOUND.port, '--bare', '--columns=_uuid', 'find', 'Datapath_Binding', `external_ids:name=${name}`) || null,
    { deadlineMs: DEADLINE_MS, what: `the logical switch ${name} to appear in the Southbound database` })
}

async function northdsOn ({ testbed }: Scene, host: string): Promise<readonly number[]> {
  const processes = await processesIn(hostOf(testbed.plan, host).namespace)
  return processes.filter(({ inside, argv }) => inside && argv[0]?.endsWith('ovn-northd') === true && argv.includes(`--unixctl=${NORTHD_CONTROL}`)).map(({ pid }) => pid)
}

/** One beside the active, and none anywhere else: on a backup it would be granted its lock, and all its writes refused. */
async function assertOnlyOn (scene: Scene, active: string): Promise<void> {
  await poll(async () => {
    const counts = await Promise.all(['a', 'b', 'c'].map(async host => (await northdsOn(scene, host)).length))
    return counts.every((count, index) => count === Number(['a', 'b', 'c'][index] === active)) ? true : null
  }, { deadlineMs: DEADLINE_MS, what: `ovn-northd to run on ${active} and nowhere else` })
}

for (const ovs of NEWEST) {
  describeCluster(`ovn-northd beside the active, Open vSwitch ${ovs}`, { ovs, northd: true }, ({ testbed, scenario }) => {
    scenario('a server of the active crashes: northd serves beside the next one', { failovers: 1, writers: NORTHBOUND_ALONE }, async scene => {
      await assertTranslated(scene)
      await assertOnlyOn(scene, 'a')
      await testbed.killServer('a', 'nb')
      const active = await assertFailedOver(scene)
      await assertTranslated(scene)
      await assertOnlyOn(scene, active)
      await scene.entry('northd was started there', ({ kind, node }) => kind === 'companionStarted' && node === active)
    })

    scenario('the active is cut off: northd serves beside the next one, and the one that was cut off ends', { failovers: 1, writers: NORTHBOUND_ALONE }, async scene => {
      await testbed.cutHost('a')
      const active = await assertFailedOver(scene)
      await assertTranslated(scene)
      await assertOnlyOn(scene, active)
      await testbed.healHost('a')
      await assertFollows(scene, 'a')
    })

    scenario('a switchover: northd is stopped before the gate is shut, and nothing is lost', { writers: NORTHBOUND_ALONE }, async scene => {
      assert.equal((await scene.ovsdbHa('switchover', '--to', 'b')).exitCode, 0)
      await assertTranslated(scene)
      await assertOnlyOn(scene, 'b')
      const { steps } = await scene.ended()
      const [stop, gate] = ['companions', 'gate nb'].map(name => steps.find(step => step.name === name))
      assert.ok(stop !== undefined && gate !== undefined && stop.endMs <= gate.startMs, JSON.stringify(steps))
    })

    scenario('the agent of the active is killed and comes back: northd is the same process', { failovers: 1, writers: NORTHBOUND_ALONE }, async scene => {
      await assertOnlyOn(scene, 'a')
      const before = await northdsOn(scene, 'a')
      await endAgent(testbed, 'a')
      await testbed.startAgent('a')
      await scene.whole()
      // where the machine was too slow for the lease another node has taken over
      if ((await scene.view()).active === 'a') assert.deepEqual(await northdsOn(scene, 'a'), before)
      await assertTranslated(scene)
    })

    scenario('northd that crashes in a loop is restarted so often and no more, it is told, and nobody else becomes active', { writers: NORTHBOUND_ALONE }, async scene => {
      const { active, term } = await scene.view()
      await poll(async () => {
        for (const pid of await northdsOn(scene, 'a')) signal(pid, 'SIGKILL')
        return (await scene.entries()).find(({ kind }) => kind === 'companionGivenUp') ?? null
      }, { deadlineMs: DEADLINE_MS, everyMs: 50, what: 'northd to be given up' })
      const started = (await scene.entries()).filter(({ kind }) => kind === 'companionFailed').length
      assert.ok(started <= 4, `${started} failures with 3 restarts`)
      const view = await scene.until('status says it', ({ diagnoses }) => diagnoses.some(({ name, node }) => name === 'companionFails' && node === 'a'))
      assert.deepEqual([view.active, view.term, view.state], [active, term, 'serving'])
      // a new turn to serve begins with a clean sheet
      assert.equal((await scene.ovsdbHa('switchover', '--to', 'b')).exitCode, 0)
      await assertTranslated(scene)
      await scene.until('nothing is wrong any more', ({ diagnoses }) => diagnoses.every(({ name }) => name !== 'companionFails'))
    })

    scenario('the rows of Connection are as the file says on whoever serves, every column, and what somebody else wrote is mended at the next turn', { writers: NORTHBOUND_ALONE }, async scene => {
      const rows = () => onClient(scene, 'ovn-nbctl', NORTHBOUND.port, '--bare', '--columns=target,inactivity_probe', 'list', 'Connection')
      const wanted = `ptcp:${NORTHBOUND.port}:${testbed.plan.vip}\n60000`
      await poll(async () => await rows() === wanted ? true : null, { deadlineMs: DEADLINE_MS, what: 'the rows to be as the file says' })
      await onClient(scene, 'ovn-nbctl', NORTHBOUND.port, 'set', 'Connection', `ptcp:${NORTHBOUND.port}:${testbed.plan.vip}`, 'inactivity_probe=5000')
      assert.equal((await scene.ovsdbHa('switchover', '--to', 'b')).exitCode, 0)
      await poll(async () => await rows() === wanted ? true : null, { deadlineMs: DEADLINE_MS, what: 'the rows to be as the file says again' })
      await scene.entry('it was told', ({ kind, node }) => kind === 'connectionsReconciled' && node === 'b')
    })
  })
}
