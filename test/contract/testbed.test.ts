// The testbed's own promises, on the real kernel: hosts, cables, cleanliness, and an observer that sees two actives.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { after, describe } from 'node:test'
import { certificatePaths, clusterFilePath, SERVERS, vipAddresses } from '../testbed/cluster-file.ts'
import { command } from '../testbed/command.ts'
import { initOf, startDaemon } from '../testbed/host.ts'
import { namespacesOf } from '../testbed/network.ts'
import { type ObserverReport } from '../testbed/observer.ts'
import { hostOf } from '../testbed/plan.ts'
import { poll } from '../testbed/wait.ts'
import { processesIn } from '../testbed/processes.ts'
import { removeTestbed } from '../testbed/remove.ts'
import { createTestbed, openTestbed, type Testbed } from '../testbed/testbed.ts'

const INDEX = 14
const OTHER_INDEX = 15
const MAIN = path.resolve(import.meta.dirname, '../testbed/main.ts')

after(async () => {
  await removeTestbed(INDEX)
  await removeTestbed(OTHER_INDEX)
})

/** Everything of a testbed that the machine knows of; empty after `down`. */
async function leftovers (index: number): Promise<readonly string[]> {
  const [links, mounts, tables, processes] = await Promise.all([
    command('ip', ['-o', 'link']), readFile('/proc/self/mountinfo', 'utf8'), command('nft', ['list', 'tables']), command('ps', ['-e', '-o', 'args'])
  ])
  const mark = new RegExp(`ovha${index}\\b|ovsdb-ha-testbed/${index}\\b`)
  const directory = await access(`/run/ovsdb-ha-testbed/${index}`).then(() => [`directory ${index}`], () => [])
  return [...await namespacesOf(index), ...directory, ...[links, mounts, tables, processes].flatMap(text => text.split('\n')).filter(line => mark.test(line))]
}

async function reaches (testbed: Testbed, from: string, address: string): Promise<boolean> {
  return !(await testbed.exec(from, ['ping', '-n', '-c', '1', '-W', '1', address])).failed
}

describe('two testbeds at once', () => {
  const one = createTestbed({ index: INDEX })
  const two = createTestbed({ index: OTHER_INDEX, nodes: '2+witness', ssl: true, tls: true })

  test('both come up', async () => {
    await Promise.all([one, two].map(testbed => testbed.up({ product: false })))
    assert.equal((await namespacesOf(INDEX)).length, 5)
    assert.equal((await namespacesOf(OTHER_INDEX)).length, 5)
  })

  test('hosts of one testbed reach each other over both families, and no host of the other', async () => {
    assert.ok(await reaches(one, 'a', hostOf(one.plan, 'b').address))
    assert.ok(await reaches(one, 'client', hostOf(one.plan, 'c').address6))
    assert.ok(!await reaches(one, 'a', hostOf(two.plan, 'a').address))
  })

  test('the root namespace reaches the hosts', async () => {
    await command('ping', ['-n', '-c', '1', '-W', '1', hostOf(one.plan, 'ctl').address])
  })

  test('each host has a /run, a host name and process ids of its own', async () => {
    await one.exec('a', ['touch', '/run/ovsdb-ha/lib/mine'])
    assert.ok((await one.exec('b', ['test', '-e', '/run/ovsdb-ha/lib/mine'])).failed)
    await access(`${hostOf(one.plan, 'a').directory}/lib/mine`)
    assert.equal((await one.exec('b', ['cat', '/proc/sys/kernel/hostname'])).stdout, 'b')
    assert.match((await one.exec('b', ['cat', '/proc/1/cmdline'])).stdout, /host-init/)
    assert.ok((await one.exec('b', ['test', '-r', clusterFilePath(one.plan)])).failed === false)
  })

  test('certificates are for the hosts\' names and addresses, signed by the testbed\'s authority', async () => {
    const directory = `${two.plan.sharedDirectory}/tls`
    for (const host of two.plan.hosts) {
      const check = ['-verify_ip', host.address, '-verify_hostname', host.name, '-x509_strict']
      await command('openssl', ['verify', '-CAfile', `${directory}/ca-cert.pem`, ...check, `${directory}/${host.name}-cert.pem`])
    }
  })

  test('the first process of a host reaps children that lost their parent', async () => {
    await one.exec('a', ['sh', '-c', '(sleep 0.01 &)'])
    await poll(async () => {
      const { stdout } = await one.exec('a', ['ps', '-e', '-o', 'stat=,args='])
      return stdout.split('\n').some(line => line.startsWith('Z') || line.includes('sleep 0.01')) ? null : true
    }, { deadlineMs: 5_000, what: 'the orphan to be gone' })
  })

  test('down of one leaves nothing of it, and nothing of it in the other\'s hosts, which live on', async () => {
    await two.down()
    assert.deepEqual(await leftovers(OTHER_INDEX), [])
    const init = await initOf(hostOf(one.plan, 'a'))
    assert.doesNotMatch(await readFile(`/proc/${init?.pid}/mountinfo`, 'utf8'), new RegExp(`ovha${OTHER_INDEX}-|testbed/${OTHER_INDEX}\\b`))
    assert.ok(await reaches(one, 'a', hostOf(one.plan, 'b').address))
  })

  test('down a second time does nothing and is no error', async () => {
    await two.down()
    assert.deepEqual(await leftovers(OTHER_INDEX), [])
  })
})

describe('faults', () => {
  const testbed = createTestbed({ index: INDEX })
  const address = (name: string) => hostOf(testbed.plan, name).address
  /** Echo requests that arrived, so that a one-way cut can be told from the other way. */
  const received = async (host: string) => Number((await testbed.exec(host, ['awk', '/^Icmp: [0-9]/ { print $10 }', '/proc/net/snmp'])).stdout)

  test('a testbed that is up is replaced by up', async () => {
    await testbed.up({ product: false })
    assert.ok((await testbed.exec('a', ['test', '-e', '/run/ovsdb-ha/lib/mine'])).failed)
  })

  test('a cut host reaches nobody until it is healed, and keeps its address', async () => {
    await testbed.cutHost('a')
    assert.ok(!await reaches(testbed, 'b', address('a')))
    assert.ok(await reaches(testbed, 'a', address('a')))
    await testbed.healHost('a')
    assert.ok(await reaches(testbed, 'b', address('a')))
  })

  test('a one-way cut lets packets through the other way', async () => {
    assert.ok(await reaches(testbed, 'a', address('b')), 'and now a knows where b is')
    const before = await received('b')
    await testbed.cutHost('a', 'in')
    assert.ok(!await reaches(testbed, 'a', address('b')))
    assert.ok(await received('b') > before, 'the requests of a host that hears nothing arrive')
    await testbed.healHost('a')
    const healed = await received('b')
    await testbed.cutHost('a', 'out')
    assert.ok(!await reaches(testbed, 'a', address('b')))
    assert.equal(await received('b'), healed, 'the requests of a host that cannot send do not arrive')
    await testbed.healHost('a')
    assert.ok(await reaches(testbed, 'a', address('b')))
  })

  test('a host without power runs nothing and answers nothing; started again it has its disk and not its kernel state', async () => {
    await testbed.exec('a', ['sh', '-c', 'echo kept > /run/ovsdb-ha/lib/disk; nft add table inet mine; ip address add 10.213.14.50/24 dev eth0'])
    await startDaemon(hostOf(testbed.plan, 'a'), '/run/ovsdb-ha/log/sleep.log', ['sleep', '3600'])
    await testbed.powerOffHost('a')
    assert.deepEqual((await processesIn('ovha14-a')).filter(process => process.inside), [])
    assert.ok(!await reaches(testbed, 'b', address('a')))
    await assert.rejects(testbed.exec('a', ['true']), /host a is off/)
    await testbed.startHost('a', { product: false })
    assert.equal((await testbed.exec('a', ['cat', '/run/ovsdb-ha/lib/disk'])).stdout, 'kept')
    assert.equal((await testbed.exec('a', ['nft', 'list', 'ruleset'])).stdout, '')
    assert.ok(!await reaches(testbed, 'a', '10.213.14.50'))
    assert.ok(await reaches(testbed, 'b', address('a')))
  })

  test('whoever waits for a product that does not come up is told with the last lines of its log', async () => {
    await writeFile(clusterFilePath(testbed.plan), 'version: none of ours\n')
    await testbed.startController().catch(() => { /* it may be gone before it is seen */ })
    await assert.rejects(testbed.waitUntilServing(20_000), (error: Error) => {
      assert.match(error.message, /the controller of ctl ended/)
      assert.match(error.message, /--- controller of ctl \(not running\): \S+controller\.log\n(?!\(no log).+/)
      return true
    })
  })
})

for (const ssl of [false, true]) {
  describe(`the observer, on real servers without the product, ${ssl ? 'ssl' : 'tcp'}`, () => observerTests(createTestbed({ index: INDEX, ipv6Vip: true, ssl })))
}

function observerTests (testbed: Testbed) {
  const { certificate, privateKey, caCertificate } = certificatePaths(testbed.plan, 'server')
  const method = testbed.options.ssl ? ['pssl', '-p', privateKey, '-c', certificate, '-C', caCertificate] : ['ptcp']
  const start = async (name: string) => {
    const host = hostOf(testbed.plan, name)
    for (const [number, vip] of vipAddresses(testbed.plan, testbed.options).entries()) {
      assert.equal((await testbed.exec(name, ['ip', 'address', 'add', `${vip}/${number === 0 ? 24 : 64}`, 'dev', 'eth0', ...number === 0 ? [] : ['nodad']])).stderr, '')
    }
    for (const server of SERVERS) {
      const database = `/run/ovsdb-ha/lib/${server.name}.db`
      await testbed.exec(name, ['ovsdb-tool', 'create', database, `/usr/share/ovn/ovn-${server.name}.ovsschema`])
      await startDaemon(host, '/run/ovsdb-ha/log/server.log', [
        'ovsdb-server', `--remote=${method[0]}:${server.port}:[::]`, ...method.slice(1), `--unixctl=/run/ovsdb-ha/run/${server.name}.ctl`, '--no-chdir', database
      ])
    }
  }
  const until = (report: () => ObserverReport, what: string, condition: (report: ObserverReport) => boolean) => poll(async () => {
    const now = report()
    return condition(now) ? now : null
  }, { deadlineMs: 10_000, what })
  const writesOn = (report: ObserverReport, host: string) => new Set(report.tenures.filter(tenure => tenure.host === host).map(tenure => tenure.target)).size

  test('one host that serves is no conflict, two that do are one, over either family', async () => {
    await testbed.up({ product: false })
    await start('a')
    const observer = await testbed.observe()
    const alone = await until(observer.report, 'writes on all targets of a', report => writesOn(report, 'a') === 4 && report.accepted > 50)
    assert.deepEqual(alone.conflicts, [])
    assert.deepEqual(Object.keys(alone.failures.b ?? {}), ['EADDRNOTAVAIL'])
    await start('b')
    const both = await until(observer.report, 'a conflict on all targets', report => new Set(report.conflicts.map(({ tenures }) => tenures[1].target)).size === 4)
    assert.deepEqual([...new Set(both.conflicts.flatMap(conflict => conflict.tenures.map(tenure => tenure.host)))].toSorted(), ['a', 'b'])
    await observer.stop()
  })

  test('a server that is stopped and goes on after another began to serve is seen, and one that was killed before is no conflict', async () => {
    for (const server of SERVERS) await testbed.killServer('b', server.name)
    const observer = await testbed.observe()
    await until(observer.report, 'writes on a', report => writesOn(report, 'a') === 4)
    for (const server of SERVERS) await testbed.stopServer('a', server.name)
    await until(observer.report, 'a to be silent', report => (report.failures.a?.['no reply'] ?? 0) >= 4)
    await testbed.exec('b', ['sh', '-c', 'ip address flush to 10.213.14.50 dev eth0; ip address flush to fd00:213:e::50 dev eth0; rm /run/ovsdb-ha/lib/*'])
    await start('b')
    const successor = await until(observer.report, 'writes on b', report => writesOn(report, 'b') === 4)
    assert.deepEqual(successor.conflicts, [])
    for (const server of SERVERS) await testbed.contServer('a', server.name)
    await until(observer.report, 'a conflict', report => report.conflicts.length > 0)
    await observer.stop()
    await testbed.down()
  })
}

describe('a runner that is killed in the middle', () => {
  /** What is there when the runner is killed. */
  const MOMENTS: Array<[string, () => Promise<boolean>]> = [
    ['its directory', async () => await access(`/run/ovsdb-ha-testbed/${INDEX}`).then(() => true, () => false)],
    ['its first namespace', async () => (await namespacesOf(INDEX)).length >= 1],
    ['its last namespace', async () => (await namespacesOf(INDEX)).length === 5],
    ['its first host', async () => (await processesIn(`ovha${INDEX}-a`)).length > 0]
  ]
  for (const [what, there] of MOMENTS) {
    test(`leaves nothing after down: killed when there is ${what}`, async () => {
      const runner = spawn(process.execPath, [MAIN, 'up', '--index', String(INDEX), '--no-product'], { stdio: 'ignore' })
      await poll(async () => await there() ? true : null, { deadlineMs: 10_000, everyMs: 0, what })
      runner.kill('SIGKILL')
      await once(runner, 'exit')
      await removeTestbed(INDEX)
      assert.deepEqual(await leftovers(INDEX), [])
    })
  }

  test('interrupted by a signal, a runner removes everything itself', async () => {
    const runner = spawn(process.execPath, [MAIN, 'up', '--index', String(INDEX), '--no-product'], { stdio: 'ignore' })
    await poll(async () => (await namespacesOf(INDEX)).length > 0 ? true : null, { deadlineMs: 10_000, everyMs: 0, what: 'its first namespace' })
    runner.kill('SIGINT')
    const [code] = await once(runner, 'exit')
    assert.equal(code, 1)
    assert.deepEqual(await leftovers(INDEX), [])
  })

  test('a testbed that a living process holds is not taken from it, and down takes it', async () => {
    const holder = createTestbed({ index: INDEX })
    await holder.up({ product: false })
    const taker = spawn(process.execPath, [MAIN, 'up', '--index', String(INDEX), '--no-product'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    taker.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    const [code] = await once(taker, 'close')
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`in use by process ${process.pid}`))
    assert.ok(await reaches(holder, 'a', hostOf(holder.plan, 'b').address))
    await (await openTestbed(INDEX)).down()
    assert.deepEqual(await leftovers(INDEX), [])
  })
})
