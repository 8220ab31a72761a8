import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createLane } from '../../../agent/lane.ts'

test('tasks run one at a time, in the order they were asked', async () => {
  const lane = createLane()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`${name} begins`)
    await Promise.resolve()
    log.push(`${name} ends`)
  }
  await Promise.all([lane.run(task('a')), lane.run(task('b'))])
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('an urgent task ends what runs, forgets what waits, and begins only when the other is over', async () => {
  const lane = createLane()
  const log: string[] = []
  const begun = Promise.withResolvers<undefined>()
  const running = lane.run(async signal => {
    begun.resolve(undefined)
    await once(signal, 'abort')
    log.push('the running one is over')
    throw signal.reason
  })
  const waiting = lane.run(async () => { log.push('never') })
  await begun.promise
  const urgent = lane.urgent(async () => { log.push('urgent') })
  await assert.rejects(running, /overtaken/)
  await assert.rejects(waiting, /overtaken/)
  await urgent
  assert.deepEqual(log, ['the running one is over', 'urgent'])
})

test('a failed task stops nobody, and what comes after an urgent one runs as ever', async () => {
  const lane = createLane()
  await assert.rejects(lane.run(async () => { throw new Error('broken') }), /broken/)
  await lane.urgent(async () => {})
  assert.equal(await lane.run(async () => 7), 7)
})

test('a lane that is full refuses, and still takes an urgent task', async () => {
  const lane = createLane()
  const stuck = Array.from({ length: 16 }, () => assert.rejects(lane.run(async signal => { await once(signal, 'abort').then(() => { throw signal.reason }) }), /overtaken/))
  await assert.rejects(lane.run(async () => {}), /16 commands wait/)
  await lane.urgent(async () => {})
  await Promise.all(stuck)
})
