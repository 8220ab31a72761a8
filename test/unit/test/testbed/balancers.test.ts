import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { HAPROXY_FILE, haproxyConfig, KEEPALIVED_FILE, keepalivedConfig } from '../../../testbed/balancers.ts'
import { CHECK_PORT, SERVERS } from '../../../testbed/cluster-file.ts'
import { balancersOf, planTestbed } from '../../../testbed/plan.ts'

const [haproxy, keepalived] = [readFileSync(HAPROXY_FILE, 'utf8'), readFileSync(KEEPALIVED_FILE, 'utf8')]
const planOf = (nodes: '3' | '2+witness') => planTestbed(3, { nodes, controllers: 1, redis: 0, balancers: true })
const EXAMPLE_ADDRESS = /192\.0\.2\.\d/

test('HAProxy listens on the clients\' address and asks every data node, and no other, at the port for checks', () => {
  for (const [nodes, count] of [['3', 3], ['2+witness', 2]] as const) {
    const config = haproxyConfig(haproxy, planOf(nodes))
    assert.doesNotMatch(config, EXAMPLE_ADDRESS)
    assert.match(config, new RegExp(`default-server check port ${CHECK_PORT} `))
    for (const { port } of SERVERS) {
      assert.match(config, new RegExp(`^ *bind 10\\.213\\.3\\.50:${port} transparent$`, 'm'))
      assert.deepEqual([...config.matchAll(new RegExp(`^ *server \\w+ (\\S+):${port}$`, 'gm'))].map(([, address]) => address), ['10.213.3.1', '10.213.3.2', '10.213.3.3'].slice(0, count))
    }
  }
})

test('a session to a node that ceased to serve is cut, and a node that refuses is passed over at once', () => {
  for (const words of ['on-marked-down shutdown-sessions', 'observe layer4', 'on-error mark-down']) assert.match(haproxy, new RegExp(`^ *default-server .*${words}`, 'm'))
})

test('each keepalived talks from its own address to the other\'s, and their priorities differ', () => {
  const plan = planOf('3')
  const [first, second] = balancersOf(plan).map(host => keepalivedConfig(keepalived, plan, host))
  for (const [config, own, other] of [[first, '221', '222'], [second, '222', '221']] as const) {
    assert.doesNotMatch(config!, EXAMPLE_ADDRESS)
    assert.match(config!, new RegExp(`unicast_src_ip 10\\.213\\.3\\.${own}\n *unicast_peer \\{\n *10\\.213\\.3\\.${other}\n`))
    assert.match(config!, /^ *10\.213\.3\.50\/24$/m)
  }
  assert.match(first!, /^ *priority 100$/m)
  assert.match(second!, /^ *priority 99$/m)
})

test('a delivered file that has lost what the testbed exchanges is noticed', () => {
  assert.throws(() => haproxyConfig(haproxy.replaceAll('192.0.2.12', '198.51.100.12'), planOf('3')), /does not say 192\.0\.2\.12/)
})
