// The same, in other clothes: two data nodes and a witness, IPv6, ssl, mutual TLS, roles by configuration file.
import assert from 'node:assert/strict'
import { certificatePaths, SERVERS } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { assertFailedOver, assertFollows, DEADLINE_MS, describeCluster, isDead, NEWEST } from './scenario.ts'

for (const ovs of NEWEST) {
  describeCluster(`two data nodes and a witness, Open vSwitch ${ovs}`, { ovs, nodes: '2+witness' }, ({ testbed, scenario }) => {
    scenario('a crash of the active is failed over', { failovers: 1 }, async scene => {
      await scene.status('witness-serving')
      await testbed.killServer('a', 'nb')
      await assertFailedOver(scene)
      await assertFollows(scene, 'a')
    })

    scenario('the active loses its power: the other and the witness are a majority', { failovers: 1 }, async scene => {
      await testbed.powerOffHost('a')
      assert.equal(await assertFailedOver(scene), 'b')
      await scene.until('a is lost', view => isDead(view, 'a'))
      await scene.status('witness-node-lost')
      await testbed.startHost('a')
      await assertFollows(scene, 'a')
    })
  })

  describeCluster(`an IPv6 address beside the IPv4 one, Open vSwitch ${ovs}`, { ovs, ipv6Vip: true }, ({ testbed, scenario }) => {
    scenario('clients of the IPv6 address survive a crash and a switchover', { failovers: 1, address: ({ plan }) => plan.vip6 }, async scene => {
      await scene.status('ipv6-serving')
      await testbed.killServer('a', 'sb')
      await assertFailedOver(scene)
      await scene.whole()
      assert.equal((await scene.ovsdbHa('switchover', '--to', 'a')).exitCode, 0)
    })
  })

  describeCluster(`ssl for clients and replication, mutual TLS between our parts, Open vSwitch ${ovs}`, { ovs, ssl: true, tls: true }, ({ testbed, scenario }) => {
    const { certificate, privateKey, caCertificate } = certificatePaths(testbed.plan, 'client')
    const nbctl = (...args: readonly string[]) => testbed.exec('client', ['ovn-nbctl', '--timeout=5', `--db=ssl:${testbed.plan.vip}:${SERVERS[0].port}`, '-p', privateKey, '-c', certificate, '-C', caCertificate, ...args])
    const written: string[] = []
    const write = async (name: string) => {
      await poll(async () => (await nbctl('--may-exist', 'ls-add', name)).failed ? null : true, { deadlineMs: DEADLINE_MS, everyMs: 100, what: `${name} to be written through ssl` })
      written.push(name)
    }
    const allThere = async () => assert.deepEqual((await nbctl('--bare', '--columns=name', 'list', 'Logical_Switch')).stdout.split('\n').filter(line => line !== '').toSorted(), written.toSorted())

    scenario('clients with a certificate survive a switchover and a crash; those without are refused', { quiet: true }, async scene => {
      await write('before')
      const refused = testbed.probe({ args: ['--duration-s', '1'] })
      assert.equal((await refused.done).acked, 0, 'plain tcp is refused')
      assert.equal((await (await testbed.api()).post('/v1/clusters/ovn/switchover', { to: 'b' })).status, 200)
      await write('after-the-switchover')
      await allThere()
      await scene.whole()
      await testbed.killServer('b', 'nb')
      const [, operation] = [await scene.ended(), await scene.ended()]
      assert.deepEqual([operation.kind, operation.from, operation.outcome], ['failover', 'b', 'done'])
      await write('after-the-crash')
      await allThere()
    })

    scenario('an agent refuses whoever has no certificate of the authority', { quiet: true }, async () => {
      const url = `https://${testbed.plan.hosts.find(host => host.name === 'a')?.address}:8643/healthz`
      const plain = await testbed.exec('ctl', ['curl', '--silent', '--show-error', '--max-time', '5', '--cacert', caCertificate, url])
      assert.ok(plain.failed, `without a certificate: ${plain.stdout}`)
      const known = await testbed.exec('ctl', ['curl', '--silent', '--show-error', '--max-time', '5', '--cacert', caCertificate, '--cert', certificatePaths(testbed.plan, 'ctl').certificate, '--key', certificatePaths(testbed.plan, 'ctl').privateKey, url])
      assert.ok(!known.failed, known.stderr)
    })
  })
}

describeCluster('roles by configuration file, Open vSwitch 3.5', { ovs: '3.5', control: 'configFile' }, ({ testbed, scenario }) => {
  scenario('a crash is failed over', { failovers: 1 }, async scene => {
    await testbed.killServer('a', 'nb')
    await assertFailedOver(scene)
    await assertFollows(scene, 'a')
  })

  scenario('a switchover loses nothing', {}, async scene => {
    const { exitCode, stderr } = await scene.ovsdbHa('switchover')
    assert.equal(exitCode, 0, stderr)
    await assertFollows(scene, 'a')
  })
})
