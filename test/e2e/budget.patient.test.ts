// Automatic failovers have a budget: what comes after it is held for an operator.
import assert from 'node:assert/strict'
import { assertMovedFrom, describeCluster, PATIENT, type Scene } from './scenario.ts'

describeCluster('a budget of two automatic failovers', { nodes: '2+witness', guard: 'none', budgetPerHour: 2, timing: PATIENT }, ({ testbed, scenario }) => {
  scenario('after two of them the next is held and says why; an acknowledgement lets it go on', { failovers: 3 }, async scene => {
    for (const used of [1, 2]) {
      const active = await activeOf(scene)
      await testbed.powerOffHost(active)
      await assertMovedFrom(scene, active)
      await testbed.startHost(active)
      await scene.whole()
      assert.equal((await scene.view()).recoveries.usedFailovers, used)
    }
    const last = await activeOf(scene)
    await testbed.powerOffHost(last)
    const { hold } = await scene.until('it holds', view => view.hold?.code === 'budgetSpent')
    assert.match(hold?.message ?? '', new RegExp(`^[ab] would take over \\(${last} is lost: .*but 2 automatic failovers within 60 min are all that failover.budgetPerHour allows`))
    const { exitCode, stdout } = await scene.ovsdbHa('status')
    assert.equal(exitCode, 0)
    const page = stdout.replaceAll(/\s+/g, ' ')
    assert.match(page, /HOLDING \(budgetSpent\)/)
    assert.match(page, /Allow more with "ovsdb-ha acknowledge ovn", or move it now with "ovsdb-ha failover ovn"/)
    assert.match(page, /automatic failover: NO/)
    const began = await scene.entry('the hold', ({ kind, facts }) => kind === 'holdBegan' && facts.code === 'budgetSpent')
    assert.equal(began.severity, 'critical')

    const { exitCode: done, stdout: said, stderr } = await scene.ovsdbHa('acknowledge', '--reason', 'the power strip was changed')
    assert.equal(done, 0, stderr)
    assert.match(said, /^ovn: acknowledged; 0 of 2 automatic failovers of an hour are used/)
    await assertMovedFrom(scene, last)
    const third = await scene.entry('it was counted', ({ kind, id }) => kind === 'failoverCounted' && id > began.id)
    const freed = (await scene.entries()).filter(({ kind }) => kind === 'failoverAcknowledged')
    assert.equal(freed.length, 2)
    assert.ok(freed.every(({ id, message }) => id > began.id && id < third.id && message.includes('testbed (the power strip was changed)')))
    assert.equal((await scene.view()).recoveries.usedFailovers, 1)
  })
})

async function activeOf ({ view }: Scene): Promise<string> {
  const { active } = await view()
  assert.ok(active !== null)
  return active
}
