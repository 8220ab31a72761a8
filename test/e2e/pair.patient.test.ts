// Two data nodes, a fence device for each, and nobody else: of two voters one is no majority, until the other one is
// certainly off (S9).
import assert from 'node:assert/strict'
import { assertFollows, assertMovedFrom, describeCluster, endAgent, NEWEST, nodeOf, PATIENT, type Scene } from './scenario.ts'
import { withPower } from './power.ts'

for (const ovs of NEWEST) {
  describeCluster(`two data nodes with fence devices and no witness, Open vSwitch ${ovs}`, { nodes: '2', ovs, guard: 'none', fence: true, timing: { ...PATIENT, coldStartWait: '1s' } }, ({ testbed, scenario }) => {
    scenario('the active is cut off: its host is powered off, the other one goes on alone, and it returns as a backup', { failovers: 1 }, async scene => {
      await withPower(scene, async power => {
        await untilMet(scene)
        await testbed.cutHost('a')
        await assertMovedFrom(scene, 'a')
        const { id: offId } = await scene.entry('a was powered off', ({ kind, node }) => kind === 'nodeFenced' && node === 'a')
        const { id: aloneId } = await scene.entry('b goes on alone', ({ kind, node }) => kind === 'goesOnAlone' && node === 'b')
        const { id: servesId } = await scene.entry('b serves', ({ kind, node }) => kind === 'servingBegan' && node === 'b')
        assert.ok(offId < aloneId && aloneId < servesId, 'off first')
        await assertFollows(scene, 'a')
        assert.deepEqual(power.done, ['agent off a', 'agent on a'])
      })
    })

    scenario('the backup is lost: the active may not go on alone until that one is certainly off, and then serves again; lost once more, it is not missed', { failovers: 1 }, async scene => {
      await withPower(scene, async power => {
        await untilMet(scene)
        await testbed.powerOffHost('b')
        const { id: offId } = await scene.entry('b is certainly off', ({ kind, node }) => kind === 'nodeFenced' && node === 'b')
        const { id: servesId } = await scene.entry('a serves again', ({ kind, node }) => kind === 'servingBegan' && node === 'a')
        assert.ok(offId < servesId, 'off first')
        await scene.clientsWrite()
        await assertFollows(scene, 'b')
        assert.deepEqual(power.done, ['agent off b', 'agent on b'])
        await testbed.powerOffHost('b')
        await scene.until('b is gone', view => !nodeOf(view, 'b').reachable)
        await scene.clientsWrite()
        assert.equal((await scene.view()).active, 'a')
      })
    })

    scenario('its device lies, and then fails: nobody serves, and status says why; once it works the change goes on', { failovers: 1 }, async scene => {
      await withPower(scene, async power => {
        await untilMet(scene)
        power.behaviour.agent = 'lies'
        power.behaviour.exec = 'broken'
        await testbed.cutHost('a')
        const { operation: failed } = await scene.entry('the attempt failed', ({ operation }) => operation?.outcome === 'failed' && /alone/.test(operation.detail))
        assert.match(failed!.detail, /^b alone is no majority of two voters, and a could not be made certain to be off: .*fence_switch: it answered off, and its status says on .*rack-power: off ended with 1: Connection timed out/)
        const { hold, active } = await scene.until('it holds', view => view.hold?.code === 'retrying')
        assert.equal(active, null)
        assert.match(hold?.message ?? '', /the last attempt failed \(b alone is no majority of two voters, and a could not be made certain to be off/)
        power.behaviour.exec = 'works'
        assert.equal(await assertMovedFrom(scene, 'a'), 'b')
        await assertFollows(scene, 'a')
        assert.deepEqual(power.done, ['exec off a', 'exec on a'])
      })
    })

    scenario('an agent that started while the other one was away does not go on alone: it cannot know what that one served', { failovers: 1 }, async scene => {
      await withPower(scene, async power => {
        await testbed.cutHost('a')
        await endAgent(testbed, 'b')
        await testbed.startAgent('b')
        const { hold } = await scene.until('it holds', view => view.hold?.code === 'noMajority' && /has not met a/.test(view.hold.message))
        assert.match(hold?.message ?? '', /1 of 2 voters answer, 2 are needed, and the one that answers may not go on alone: the agent of b has not met a since it started/)
        assert.deepEqual(power.done, [])
        await testbed.healHost('a')
        await scene.until('somebody serves', view => view.state === 'serving')
        assert.deepEqual(power.done, [])
      })
    })
  })
}

/** An agent that started a moment ago has to hear from the other one twice. */
async function untilMet (scene: Scene): Promise<void> {
  const { automaticFailover } = await scene.until('b could take over', view => view.automaticFailover.possible)
  assert.equal(automaticFailover.why, 'b could take over, once the fence device of a says that it is off')
}
