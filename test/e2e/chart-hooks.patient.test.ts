// The chart's scripts as its containers run them: the hand-over before a pod of an active stops, `helm test`, and the agent's probes.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { clusterFilePath, tokenFilePath } from '../testbed/cluster-file.ts'
import { PRODUCT_MAIN } from '../testbed/environment.ts'
import { poll } from '../testbed/wait.ts'
import { assertFollows, DEADLINE_MS, describeCluster, PATIENT, type Scene } from './scenario.ts'

const SCRIPTS = path.resolve(import.meta.dirname, '../../helm/ovsdb-ha/files')
/** Of a hand-over or a question that will succeed: the machine may be loaded. */
const LONG_SECONDS = 120
/** Long enough to ask several times. */
const SHORT_SECONDS = 30
/** They end by themselves; this is for one that does not. */
const KILL_MS = 2 * LONG_SECONDS * 1000

interface Hook {
  readonly done: Promise<{ readonly exitCode: number | undefined, readonly stdout: string, readonly stderr: string }>
  /** What it wrote into the agent's log. */
  readonly said: () => Promise<readonly string[]>
}

/** As the kubelet runs it in the container on that node, with the environment that the chart gives. */
async function run ({ testbed: { plan, api } }: Scene, script: string, seconds: number, node = 'a'): Promise<Hook> {
  const nodeFile = path.join(plan.directory, `node-${node}`)
  const log = path.join(plan.directory, 'hook.log')
  await writeFile(nodeFile, `${node}\n`)
  await writeFile(log, '')
  const env = { OVSDB_HA_SERVER: (await api()).url, OVSDB_HA_TOKEN_FILE: tokenFilePath(plan), OVSDB_HA_NODE_FILE: nodeFile, OVSDB_HA_HOOK_LOG: log }
  const hook = execa(process.execPath, [path.join(SCRIPTS, script), PRODUCT_MAIN, String(seconds)], { stdin: 'ignore', timeout: KILL_MS, reject: false, extendEnv: false, env })
  return {
    done: hook.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr })),
    said: async () => (await readFile(log, 'utf8')).split('\n').filter(line => line !== '').map(line => {
      const { process: from, node: whose, msg } = JSON.parse(line) as Record<string, string>
      assert.deepEqual([from, whose], ['hand-over', node])
      return msg ?? ''
    })
  }
}

async function switchovers ({ entries }: Scene): Promise<readonly (string | undefined)[]> {
  return (await entries()).flatMap(({ operation }) => operation?.kind === 'switchover' && operation.outcome === 'done' ? [`${operation.from} to ${operation.to}`] : [])
}

describeCluster('the chart\'s hooks', { nodes: '2+witness', timing: PATIENT }, ({ testbed, scenario }) => {
  scenario('the hand-over of an active moves it and ends with 0; that of a backup asks for nothing, and ends with 0', {}, async scene => {
    const active = await run(scene, 'hand-over.mjs', LONG_SECONDS)
    const { exitCode, stdout, stderr } = await active.done
    assert.equal(exitCode, 0, stdout + stderr)
    assert.deepEqual(await active.said(), ['ovn: moved to another node'])
    await scene.until('b serves', view => view.state === 'serving' && view.active === 'b')
    await scene.clientsWrite()
    const [{ message } = { message: '' }] = (await scene.entries()).filter(({ kind }) => kind === 'operationEnded')
    assert.match(message, /switchover/)
    assert.ok((await scene.entries()).some(entry => JSON.stringify(entry).includes('the pod on a is stopped')), 'the history says why')

    const backup = await run(scene, 'hand-over.mjs', LONG_SECONDS)
    assert.deepEqual([(await backup.done).exitCode, await backup.said()], [0, []])
    assert.deepEqual(await switchovers(scene), ['a to b'])
    await assertFollows(scene, 'a')
  })

  scenario('a hand-over that is refused for want of a backup is asked for again, and moves the active when one is there', {}, async scene => {
    await testbed.powerOffHost('b')
    const hook = await run(scene, 'hand-over.mjs', LONG_SECONDS)
    await poll(async () => (await hook.said()).some(line => line.startsWith('ovn: not moved: OVSDB_HA_')) ? true : null, { deadlineMs: DEADLINE_MS, what: 'the hand-over to be refused' })
    assert.equal((await scene.view()).active, 'a', 'nothing was moved')
    await testbed.startHost('b')
    const { exitCode, stdout, stderr } = await hook.done
    assert.equal(exitCode, 0, stdout + stderr)
    assert.equal((await hook.said()).at(-1), 'ovn: moved to another node')
    await scene.until('b serves', view => view.state === 'serving' && view.active === 'b')
  })

  scenario('without a controller the hand-over asks until its deadline and ends with 1, the node serves on, and helm test says that nobody answers', {}, async scene => {
    await testbed.killController()
    const hook = await run(scene, 'hand-over.mjs', SHORT_SECONDS)
    const { exitCode } = await hook.done
    const said = await hook.said()
    assert.equal(exitCode, 1, said.join('\n'))
    assert.equal(said.at(-1), 'this node may still serve: clients wait for its lease and a failover')
    assert.ok(said.filter(line => line.startsWith('no controller tells who serves: OVSDB_HA_CONTROLLER_UNREACHABLE')).length >= 2, said.join('\n'))
    await scene.clientsWrite()

    const asked = await (await run(scene, 'status-test.mjs', SHORT_SECONDS)).done
    assert.equal(asked.exitCode, 1)
    assert.match(asked.stdout, /OVSDB_HA_CONTROLLER_UNREACHABLE/)
    await testbed.startController()
    await scene.until('the controller leads', view => view.controller.leads && view.state === 'serving')
    assert.equal((await scene.view()).active, 'a')
  })

  scenario('helm test waits until every cluster serves, and names what does not', { failovers: 1 }, async scene => {
    const serves = await (await run(scene, 'status-test.mjs', LONG_SECONDS)).done
    assert.deepEqual([serves.exitCode, serves.stdout], [0, 'every cluster serves'], serves.stderr)
    for (const host of ['b', 'w']) await testbed.powerOffHost(host)
    await scene.until('a gives up without a majority', view => view.state !== 'serving')
    const silent = await (await run(scene, 'status-test.mjs', SHORT_SECONDS)).done
    assert.equal(silent.exitCode, 1, silent.stdout)
    assert.match(silent.stdout, /^ovn: [a-zA-Z]+: ./)
    assert.doesNotMatch(silent.stdout, /every cluster serves/)
    const patient = await run(scene, 'status-test.mjs', LONG_SECONDS)
    for (const host of ['b', 'w']) await testbed.startHost(host)
    const { exitCode, stdout, stderr } = await patient.done
    assert.deepEqual([exitCode, stdout], [0, 'every cluster serves'], stderr)
  })

  scenario('the probes of a pod: an agent is found by the node that its file names, alive and ready; one that ended is neither', { failovers: 1 }, async scene => {
    const nodeFile = path.join(testbed.plan.sharedDirectory, 'node-b')
    await writeFile(nodeFile, 'b')
    const probe = (...more: readonly string[]) => testbed.exec('b', [process.execPath, PRODUCT_MAIN, 'health', 'agent', '--config', clusterFilePath(testbed.plan), '--node-file', nodeFile, ...more])
    // a loaded machine may be too slow for one question: the kubelet asks again too
    for (const [more, word] of [[[], 'alive'], [['--ready'], 'ready']] as const) {
      let last = ''
      await poll(async () => {
        const { exitCode, stdout, stderr } = await probe(...more)
        last = stdout + stderr
        return exitCode === 0 && stdout.trim() === `agent b: ${word}` ? true : null
      }, { deadlineMs: DEADLINE_MS, what: `the probe to say ${word}` }).catch((error: Error) => { throw new Error(`${error.message}; it said: ${last}`) })
    }
    await testbed.killAgent('b')
    for (const outcome of [await probe(), await probe('--ready')]) {
      assert.equal(outcome.exitCode, 1)
      assert.match(outcome.stderr, /^OVSDB_HA_UNHEALTHY: b is not well: no answer/)
    }
    await testbed.startAgent('b')
    await assertFollows(scene, 'b')
  })
})
