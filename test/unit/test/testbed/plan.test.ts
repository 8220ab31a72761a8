import assert from 'node:assert/strict'
import test from 'node:test'
import { dataHostsOf, hostOf, namePrefix, nodesOf, planTestbed, TESTBED_INDEX_MAX } from '../../../testbed/plan.ts'

const SMALL = { nodes: '2+witness', controllers: 1, redis: 0 } as const
const FULL = { nodes: '3', controllers: 3, redis: 3, balancers: true } as const
const INDEXES = Array.from({ length: TESTBED_INDEX_MAX + 1 }, (_, index) => index)

test('testbeds of different indexes share no name and no address', () => {
  const names = INDEXES.flatMap(index => {
    const plan = planTestbed(index, FULL)
    return [plan.bridge, plan.bridgeMac, plan.bridgeAddress, plan.bridgeAddress6, plan.vip, plan.vip6, plan.directory,
      ...plan.hosts.flatMap(host => [host.namespace, host.mac, host.address, host.address6, host.directory])]
  })
  assert.equal(new Set(names).size, names.length)
})

test('the names of testbed 1 do not begin like those of testbed 11', () => {
  const prefix = namePrefix(1)
  assert.deepEqual(planTestbed(11, FULL).hosts.filter(host => host.namespace.startsWith(prefix)), [])
})

test('interface names fit into the kernel\'s 15 characters', () => {
  for (const host of planTestbed(TESTBED_INDEX_MAX, FULL).hosts) assert.ok(host.link.length <= 15, host.link)
})

test('two nodes and a witness are three agents, two of them with data', () => {
  const plan = planTestbed(0, SMALL)
  assert.deepEqual(nodesOf(plan).map(host => host.name), ['a', 'b', 'w'])
  assert.deepEqual(dataHostsOf(plan).map(host => host.name), ['a', 'b'])
})

test('an unknown host or index is refused with what there is', () => {
  assert.throws(() => hostOf(planTestbed(0, SMALL), 'c'), /no host c; its hosts are a, b, w, ctl, client/)
  assert.throws(() => planTestbed(TESTBED_INDEX_MAX + 1, FULL), new RegExp(`0 to ${TESTBED_INDEX_MAX}`))
})
