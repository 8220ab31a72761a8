// Agents, controller and servers run from the container images' root file systems: read-only, without a shell, the controller without root.
import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { clusterFilePath } from '../testbed/cluster-file.ts'
import { IMAGE_PROGRAM } from '../testbed/environment.ts'
import { hostOf } from '../testbed/plan.ts'
import { findProcess, imageCommand, type ProcessName } from '../testbed/product.ts'
import { assertFailedOver, assertFollows, describeCluster, endAgent, nodeOf, type Scene } from './scenario.ts'

const TIMING = { lease: '15s' } // so long that an agent starts within it however loaded the machine is

async function processOf ({ testbed }: Scene, host: string, name: ProcessName) {
  const found = await findProcess(hostOf(testbed.plan, host), name)
  assert.ok(found !== null, `${name} of ${host} does not run`)
  return found
}

/** It is in the image's root, which has no shell, and cannot write there. */
async function assertContained (scene: Scene, host: string, name: ProcessName): Promise<void> {
  const { pid } = await processOf(scene, host, name)
  await access(`/proc/${pid}/root${IMAGE_PROGRAM[0]}`)
  for (const shell of ['/bin/sh', '/usr/bin/bash']) await assert.rejects(access(`/proc/${pid}/root${shell}`), { code: 'ENOENT' }, `${name} of ${host} sees ${shell}`)
  assert.match(await readFile(`/proc/${pid}/mountinfo`, 'utf8'), /^\d+ \d+ \S+ \S+ \/ ro[, ]/m, `the root of ${name} of ${host} is read-only`)
}

describeCluster('out of the container images', { ovs: '3.1', image: true }, ({ testbed, scenario }) => {
  scenario('the daemons and the servers run in the images\' roots, the controller without root, and their health checks say that they live', { undisturbed: true }, async scene => {
    for (const [host, name] of [['a', 'agent'], ['b', 'agent'], ['a', 'nb'], ['ctl', 'controller']] as const) await assertContained(scene, host, name)
    const { pid } = await processOf(scene, 'ctl', 'controller')
    assert.match(await readFile(`/proc/${pid}/status`, 'utf8'), /^Uid:\t10001\t10001\t10001\t10001$/m)
    const config = clusterFilePath(testbed.plan)
    const checks = [
      await testbed.exec('a', [...imageCommand('agent'), 'health', 'agent', '--config', config, '--node', 'a', '--ready']),
      await testbed.exec('ctl', [...imageCommand('controller'), 'health', 'controller', '--config', config, '--ready'])
    ]
    assert.deepEqual(checks.map(({ exitCode, stdout }) => [exitCode, stdout.trim()]), [[0, 'agent a: ready'], [0, 'controller ctl: ready']], checks.map(({ stderr }) => stderr).join('\n'))
  })

  scenario('SIGKILL of a server of the active: another node serves, and the old active returns as a backup', { failovers: 1 }, async scene => {
    await testbed.killServer('a', 'nb')
    await assertFailedOver(scene)
    await assertFollows(scene, 'a')
    await assertContained(scene, 'a', 'nb')
  })

  scenario('the node of the active is lost: another node serves, and the old active returns as a backup', { failovers: 1 }, async scene => {
    await testbed.powerOffHost('a')
    await assertFailedOver(scene)
    await testbed.startHost('a')
    await assertFollows(scene, 'a')
  })
})

describeCluster('an agent out of the container image restarts', { ovs: '3.1', image: true, timing: TIMING }, ({ testbed, scenario }) => {
  scenario('killed, and started again within its lease: nothing changes for anybody', { undisturbed: true }, async scene => {
    const before = await scene.view()
    await endAgent(testbed, 'a')
    await testbed.startAgent('a')
    await scene.until('the new agent of a serves', view => view.state === 'serving' && nodeOf(view, 'a').reachable && nodeOf(view, 'a').role === 'active')
    await scene.clientsWrite()
    assert.equal((await scene.whole()).term, before.term)
  })
})
