// Two data nodes without the packet guard: a lost one is waited for until its address has run out, seconds, or until its
// power is off. A switch of the hosts' power outside of them is the fence device, with two ways to ask it.
import assert from 'node:assert/strict'
import type { OperationView } from '../../protocol/api.ts'
import { withPower } from './power.ts'
import { assertFollows, assertMovedFrom, describeCluster, endAgent, nodeOf, PATIENT, type Scene } from './scenario.ts'

/** The first change of the active went on after the device said of a that it is off; false: it was waited for to the end of its lease. */
function wentOnByPower (operation: OperationView): boolean {
  const fence = operation.steps.find(({ name }) => name === 'fence a')
  const term = operation.steps.find(({ name }) => name.startsWith('take term'))
  return fence?.error === null && term !== undefined && term.endMs >= fence.endMs
}

async function firstOperation ({ entry }: Scene): Promise<OperationView> {
  const { operation } = await entry('the change ended', ({ kind }) => kind === 'operationEnded')
  return operation!
}

describeCluster('two nodes and a witness, no packet guard, a fence device', { nodes: '2+witness', guard: 'none', fence: true, timing: PATIENT }, ({ testbed, scenario }) => {
  // voters that restarted assume a whole lease, and the slack of a host without a guard: ten seconds that the device saves
  scenario('the active is cut off and the voters restart: a fence agent powers its host off before its lease would end, the other one serves, and it returns as a backup', { failovers: 1 }, async scene => {
    await withPower(scene, async power => {
      await testbed.cutHost('a')
      for (const name of ['b', 'w']) {
        await endAgent(testbed, name)
        await testbed.startAgent(name)
      }
      await assertMovedFrom(scene, 'a')
      const { id: offId, message, facts } = await scene.entry('a was powered off', ({ kind, node }) => kind === 'nodeFenced' && node === 'a')
      const { id: servesId } = await scene.entry('b serves', ({ kind, node }) => kind === 'servingBegan' && node === 'b')
      assert.ok(offId < servesId, 'off first')
      assert.match(message, /^a is off: .*fence_switch powered it off, and its status says so/)
      assert.equal(facts.by, 'ctl')
      assert.ok(wentOnByPower(await firstOperation(scene)), 'the end of the lease was not waited for')
      await scene.entry('a was powered on', ({ kind, node }) => kind === 'nodeUnfenced' && node === 'a')
      await assertFollows(scene, 'a')
      assert.deepEqual(power.done, ['agent off a', 'agent on a'])
    })
  })

  scenario('the active freezes, agent and servers: its host is powered off, and what it had in flight goes with it', { failovers: 1 }, async scene => {
    await withPower(scene, async power => {
      await testbed.stopAgent('a')
      await testbed.stopServer('a', 'nb')
      await testbed.stopServer('a', 'sb')
      await assertMovedFrom(scene, 'a')
      await scene.entry('a was powered off', ({ kind, node }) => kind === 'nodeFenced' && node === 'a')
      await assertFollows(scene, 'a')
      assert.deepEqual(power.done, ['agent off a', 'agent on a'])
    })
  })

  scenario('a device that says done while its status says on is not believed: the next level does it', { failovers: 1 }, async scene => {
    await withPower(scene, async power => {
      power.behaviour.agent = 'lies'
      await testbed.cutHost('a')
      await assertMovedFrom(scene, 'a')
      const { message } = await scene.entry('a was powered off', ({ kind, node }) => kind === 'nodeFenced' && node === 'a')
      assert.match(message, /rack-power powered it off, and its status says so/)
      await scene.entry('a was powered on', ({ kind, node }) => kind === 'nodeUnfenced' && node === 'a')
      await assertFollows(scene, 'a')
      assert.deepEqual(power.done, ['exec off a', 'exec on a'])
    })
  })

  scenario('one level lies and the other fails: both are named, the end of the lease is waited for, and an operator who confirms it off is believed until it is heard of', { failovers: 1 }, async scene => {
    await withPower(scene, async power => {
      power.behaviour.agent = 'lies'
      power.behaviour.exec = 'broken'
      await testbed.cutHost('a')
      await assertMovedFrom(scene, 'a')
      const { message } = await scene.entry('the device failed', ({ kind, node }) => kind === 'fenceFailed' && node === 'a')
      assert.match(message, /a could not be powered off: .*fence_switch: it answered off, and its status says on for \d+ ms; .*rack-power: off ended with 1: Connection timed out/)
      assert.ok(!wentOnByPower(await firstOperation(scene)))
      assert.deepEqual(power.done, [])
      await testbed.powerOffHost('a')
      const { exitCode, stderr } = await scene.ovsdbHa('confirm-off', 'a', '--reason', 'the test pulled its plug')
      assert.equal(exitCode, 0, stderr)
      assert.match(nodeOf(await scene.view(), 'a').summary, /^a is off \(.*the test pulled its plug/)
      const { facts } = await scene.entry('who confirmed it', ({ kind, node }) => kind === 'confirmedOff' && node === 'a')
      assert.equal(facts.actor, 'testbed')
      await testbed.startHost('a')
      await assertFollows(scene, 'a')
      await scene.entry('a is heard of', ({ kind, node }) => kind === 'nodeUnfenced' && node === 'a')
    })
  })

  scenario('by the command: a backup is powered off and on; who serves, or is heard of, is not taken for off', {}, async scene => {
    await withPower(scene, async power => {
      const serves = await scene.ovsdbHa('fence', 'a')
      assert.deepEqual([serves.exitCode, /a serves/.test(serves.stderr)], [1, true], serves.stderr)
      const heard = await scene.ovsdbHa('confirm-off', 'b', '--reason', 'it is dark')
      assert.deepEqual([heard.exitCode, /b is not off: its agent reports/.test(heard.stderr)], [1, true], heard.stderr)
      assert.deepEqual(power.done, [], 'refused means not done')

      const off = await scene.ovsdbHa('fence', 'b', '--reason', 'its fan is changed')
      assert.equal(off.exitCode, 0, off.stderr)
      assert.match(off.stdout, /^b is off\. To power it on again: ovsdb-ha unfence b/)
      const asked = await scene.entry('who powered it off, and why', ({ kind }) => kind === 'fenceAsked')
      assert.deepEqual([asked.node, asked.message, asked.facts.actor], ['b', 'testbed powers b off: its fan is changed', 'testbed'])
      const fenced = await scene.entry('b is off', ({ kind, node }) => kind === 'nodeFenced' && node === 'b')
      assert.equal(fenced.facts.by, 'testbed')
      assert.equal((await scene.view()).active, 'a')
      const on = await scene.ovsdbHa('unfence', 'b')
      assert.equal(on.exitCode, 0, on.stderr)
      await scene.entry('who powered it on', ({ kind, node, facts }) => kind === 'unfenceAsked' && node === 'b' && facts.actor === 'testbed')
      await assertFollows(scene, 'b')

      const log = await testbed.exec('ctl', ['cat', '/run/ovsdb-ha/log/controller.log'])
      const audited = log.stdout.split('\n').filter(line => line.includes('"audit":true') && line.includes('operator request answered') && line.includes('/nodes/:node/fence'))
      assert.ok(audited.some(line => line.includes('its fan is changed') && line.includes('"actor":"testbed"') && line.includes('"status":200')), 'the log says who did what')
      assert.ok(audited.some(line => line.includes('"status":409')), 'and who was refused')
    })
  })

  scenario('by the command with --force, also the node that serves: the other one takes over', { failovers: 1 }, async scene => {
    await withPower(scene, async power => {
      const { exitCode, stderr } = await scene.ovsdbHa('fence', 'a', '--force', '--reason', 'it smokes')
      assert.equal(exitCode, 0, stderr)
      await assertMovedFrom(scene, 'a')
      assert.ok(!power.done.includes('agent on a'), 'an operator wants it off, whatever the failover does afterwards')
      assert.equal((await scene.ovsdbHa('unfence', 'a')).exitCode, 0)
      await assertFollows(scene, 'a')
    })
  })
})
