import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFairShare } from '../../../controller/fair-share.ts'

test('who leads fewer clusters comes first to a free one', async () => {
  const many = createFairShare()
  for (const cluster of ['a', 'b', 'c']) many.leads(cluster, true)
  const few = createFairShare()
  few.leads('d', true)
  const none = createFairShare()
  const order: string[] = []
  await Promise.all([
    many.inTurn(async () => order.push('many')),
    few.inTurn(async () => order.push('few')),
    none.inTurn(async () => order.push('none'))
  ])
  assert.deepEqual(order, ['none', 'few', 'many'])
})

test('what was given up counts no more', async () => {
  const share = createFairShare()
  for (const cluster of ['a', 'b', 'c']) share.leads(cluster, true)
  for (const cluster of ['a', 'b', 'c']) share.leads(cluster, false)
  const few = createFairShare()
  few.leads('d', true)
  const order: string[] = []
  await Promise.all([few.inTurn(async () => order.push('few')), share.inTurn(async () => order.push('none'))])
  assert.deepEqual(order, ['none', 'few'])
})

test('a controller takes one leadership at a time, so that it counts the one before; a failed taking holds up nobody', async () => {
  const share = createFairShare()
  let running = 0
  const take = async () => {
    assert.equal(++running, 1)
    await new Promise(resolve => setImmediate(resolve))
    running--
  }
  await assert.rejects(share.inTurn(async () => { throw new Error('the store is away') }))
  await Promise.all([share.inTurn(take), share.inTurn(take), share.inTurn(take)])
})
