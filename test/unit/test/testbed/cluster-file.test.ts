import assert from 'node:assert/strict'
import test from 'node:test'
import { stringify } from 'yaml'
import { virtualAddresses } from '../../../../protocol/cluster.ts'
import { parseConfig } from '../../../../protocol/config.ts'
import { clusterFile, SERVERS, serverPaths } from '../../../testbed/cluster-file.ts'
import { resolveOptions, type TestbedOptions } from '../../../testbed/options.ts'
import { hostOf, planTestbed } from '../../../testbed/plan.ts'

function parsed (given: Partial<TestbedOptions>, controller = 'ctl') {
  const options = resolveOptions({ index: 3, ...given })
  const plan = planTestbed(options.index, options)
  const text = stringify(clusterFile(plan, options, ['/lib/ld.so', '/usr/sbin/ovsdb-server'], hostOf(plan, controller)))
  const { config, problems } = parseConfig(text, 'cluster.yaml')
  assert.deepEqual(problems, undefined)
  return config!
}

const CHOICES: Array<Partial<TestbedOptions>> = [
  {},
  { nodes: '2+witness' },
  { control: 'configFile', ovs: '3.5' },
  { ipv6Vip: true },
  { ssl: true },
  { tls: true },
  { guard: 'none' },
  { balancers: true },
  { balancers: true, ssl: true, tls: true },
  { nodes: '2+witness', fence: true },
  { nodes: '2', fence: true },
  { budgetPerHour: 2 },
  { northd: true },
  { redis: 1 },
  { controllers: 3, redis: 3, tls: true },
  { timing: { lease: '1s', renewEvery: '200ms', maxLag: 5 } }
]
for (const options of CHOICES) {
  test(`the cluster.yaml of a testbed is valid with ${JSON.stringify(options)}`, () => {
    assert.equal(parsed(options).clusters[0]?.name, 'ovn')
  })
}

test('options arrive in the configuration', () => {
  const [cluster] = parsed({ nodes: '2+witness', ipv6Vip: true, ssl: true, guard: 'none', timing: { lease: '3s' } }).clusters
  assert.deepEqual(cluster?.members.map(member => [member.name, member.witness]), [['a', false], ['b', false], ['w', true]])
  assert.deepEqual(virtualAddresses(cluster!), ['10.213.3.50', 'fd00:213:3::50'])
  assert.deepEqual(cluster?.servers.map(server => server.listen), SERVERS.map(({ port }) => ({ method: 'ssl', port })))
  assert.equal(cluster?.guard, 'none')
  assert.equal(cluster?.timing.leaseMs, 3_000)
})

test('each of several controllers knows itself, the others and where they answer, and the one store', () => {
  const options = { controllers: 3, redis: 3 } as const
  for (const [name, address, others] of [['ctl', '10.213.3.200', ['ctl2', 'ctl3']], ['ctl2', '10.213.3.201', ['ctl', 'ctl3']], ['ctl3', '10.213.3.202', ['ctl', 'ctl2']]] as const) {
    const { controller } = parsed(options, name)
    assert.deepEqual([controller.name, controller.listen, controller.others.map(other => other.name)], [name, address, others])
    assert.deepEqual(controller.others.map(({ url }) => url?.replace(/^http:\/\/10\.213\.3\.(20[0-2]):8640$/, '$1')), others.map(other => ({ ctl: '200', ctl2: '201', ctl3: '202' })[other]))
    assert.equal(controller.store.type === 'redis' ? controller.store.servers.length : 0, 3)
  }
  assert.throws(() => parsed({ controllers: 3 }), /need a store that they share/)
})

test('everything that a host writes is under its private /run/ovsdb-ha', () => {
  const config = parsed({})
  const paths = [config.agent.stateDirectory, config.agent.runDirectory, config.controller.store.type === 'embedded' ? config.controller.store.file : '', config.clusters[0]?.rescue.directory ?? '',
    ...SERVERS.flatMap(server => Object.values(serverPaths(server.name)))]
  assert.deepEqual(paths.filter(file => !file.startsWith('/run/ovsdb-ha/')), [])
})
