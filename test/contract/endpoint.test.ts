// Every endpoint adapter against the real kernel: hosts are network namespaces that this test makes itself.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { createNetwork, DEVICE, type Network } from './support/namespaces.ts'
import { startHost, type Host } from './support/host.ts'
import { until } from './support/wait.ts'

const V4 = { address: '10.73.0.100', prefixLength: 24, family: 4 as const }
const V6 = { address: 'fd73::100', prefixLength: 64, family: 6 as const }
const LONG_MS = 60_000

describe('the vip endpoint', () => {
  let network: Network
  let a: Host
  let b: Host
  let client: Host

  before(async () => {
    network = await createNetwork('endpoint')
  })
  after(async () => await network.remove())
  beforeEach(async () => {
    [a, b, client] = [network.a, network.b, network.client].map(startHost) as [Host, Host, Host]
    await build(a)
    await build(b)
  })
  afterEach(async () => {
    for (const host of [a, b]) {
      await host.setPath(process.env['PATH'] ?? '')
      await build(host)
      await host.releaseEndpoint()
    }
    for (const host of [a, b, client]) await host.stop()
  })

  async function build (host: Host, addresses = [V4, V6] as readonly (typeof V4 | typeof V6)[], device = DEVICE): Promise<void> {
    await host.buildEndpoint({ cluster: 'demo', node: 'n1', config: { type: 'vip', interface: device, addresses }, commandTimeoutMs: 5_000, duplicateFirstAfterMs: 100, duplicateEveryMs: 500 })
  }

  /** While `happens`, the host has no other programs than these. */
  async function withPrograms (host: Host, programs: readonly string[], happens: () => Promise<void>): Promise<void> {
    const place = await mkdtemp(join(tmpdir(), 'ovsdb-ha-path-'))
    try {
      for (const program of programs) await symlink(execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim(), join(place, program))
      await host.setPath(place)
      await happens()
    } finally {
      await host.setPath(process.env['PATH'] ?? '')
      await rm(place, { recursive: true })
    }
  }

  async function hardwareOf (namespace: string): Promise<string> {
    const [link] = JSON.parse(await network.ip(namespace, '-j', 'link', 'show', 'dev', DEVICE)) as [{ address: string }]
    return link.address
  }

  /** The hardware address that the client would send to; undefined when it knows none. */
  async function neighbour (address: string): Promise<string | undefined> {
    const rows = JSON.parse(await network.ip(network.client, '-j', 'neighbour', 'show', 'to', address)) as readonly { lladdr?: string }[]
    return rows[0]?.lladdr
  }

  async function addressRow (namespace: string, address: string): Promise<Record<string, unknown> | undefined> {
    const links = JSON.parse(await network.ip(namespace, '-j', 'address', 'show', 'dev', DEVICE)) as readonly { addr_info: readonly Record<string, unknown>[] }[]
    return links.flatMap(link => link.addr_info).find(row => row['local'] === address)
  }

  test('a hold gives every address a lifetime in whole seconds, rounded up, and held() tells the truth (S4)', async () => {
    assert.deepEqual(await a.held(), [[V4.address, false], [V6.address, false]])
    await a.hold(20_400)
    for (const { address } of [V4, V6]) {
      const row = await addressRow(network.a, address)
      assert.ok(row !== undefined, `${address} is not there`)
      const validSec = Number(row['valid_life_time'])
      assert.ok(validSec >= 19 && validSec <= 21, `${address} lives ${validSec} s`)
    }
    assert.deepEqual(await a.held(), [[V4.address, true], [V6.address, true]])
  })

  test('an IPv6 address is usable at once, without duplicate detection, and never chosen as a source', async () => {
    await a.hold(LONG_MS)
    const row = await addressRow(network.a, V6.address)
    assert.equal(row?.['tentative'], undefined)
    assert.equal(row?.['deprecated'], true)
    const [route] = JSON.parse(await network.ip(network.a, '-6', '-j', 'route', 'get', 'fd73::3')) as [{ prefsrc: string }]
    assert.equal(route.prefsrc, 'fd73::1')
    const [route4] = JSON.parse(await network.ip(network.a, '-j', 'route', 'get', '10.73.0.3')) as [{ prefsrc: string }]
    assert.equal(route4.prefsrc, '10.73.0.1')
  })

  test('the kernel drops the addresses by itself when no renewal comes, and not before (S4)', async () => {
    await a.hold(1_000)
    const heldMs = performance.now()
    await until('the addresses expire', 5_000, async () => await addressRow(network.a, V4.address) === undefined && await addressRow(network.a, V6.address) === undefined)
    const livedMs = performance.now() - heldMs
    assert.ok(livedMs > 700 && livedMs < 2_500, `lived ${livedMs} ms`)
  })

  test('a renewal extends, and a shorter hold shortens, the lifetime', async () => {
    await a.hold(1_000)
    await a.hold(LONG_MS)
    assert.ok(Number((await addressRow(network.a, V4.address))?.['valid_life_time']) > 55)
    await a.hold(5_000)
    assert.ok(Number((await addressRow(network.a, V4.address))?.['valid_life_time']) <= 5)
    assert.ok(Number((await addressRow(network.a, V6.address))?.['valid_life_time']) <= 5)
  })

  test('a neighbour that knows the old holder learns the new one from the announcement alone', async () => {
    const [hardwareA, hardwareB] = [await hardwareOf(network.a), await hardwareOf(network.b)]
    await a.hold(LONG_MS)
    await a.announce()
    for (const { address } of [V4, V6]) {
      assert.equal(await client.dial(address, 9, 2_000), 'ECONNREFUSED')
      assert.equal(await neighbour(address), hardwareA)
    }
    await b.hold(LONG_MS) // make before break: a still has it, so nothing but the announcement can move the entry
    assert.equal(await neighbour(V4.address), hardwareA)
    await b.announce()
    for (const { address } of [V4, V6]) {
      await until(`the client sends to ${address} by b`, 5_000, async () => await neighbour(address) === hardwareB)
    }
    assert.deepEqual(await b.problems(), [])
  })

  test('release removes the addresses wherever they are on the host, and releasing nothing is fine', async () => {
    await a.releaseEndpoint()
    await a.hold(LONG_MS)
    await network.ip(network.a, 'address', 'add', '10.73.0.100/32', 'dev', 'lo')
    await a.releaseEndpoint()
    assert.deepEqual(await a.held(), [[V4.address, false], [V6.address, false]])
    await a.releaseEndpoint()
  })

  test('a hold that is under way when the release comes leaves nothing behind', async () => {
    for (let round = 0; round < 10; round++) {
      const outcome = await a.holdAndRelease(LONG_MS)
      assert.match(outcome, /overtaken/)
      assert.deepEqual(await a.held(), [[V4.address, false], [V6.address, false]])
    }
  })

  test('an address that something else added for ever is refused by name: it would outlive the lease (S4)', async () => {
    await network.ip(network.a, 'address', 'add', '10.73.0.100/32', 'dev', 'lo')
    await assert.rejects(a.hold(LONG_MS), { code: 'OVSDB_HA_ENDPOINT', message: /10\.73\.0\.100\/32 on lo has no lifetime/ })
  })

  test('a missing, a down and an unplugged interface are refused, each by name', async () => {
    await build(a, [V4], 'nosuch0')
    await assert.rejects(a.hold(LONG_MS), { code: 'OVSDB_HA_ENDPOINT', message: /10\.73\.0\.100\/24 on nosuch0 .*Cannot find device/ })
    await a.releaseEndpoint()
    await build(a, [V4])
    await network.ip(network.client, 'link', 'set', 'to-a', 'down')
    await assert.rejects(a.hold(LONG_MS), { message: /eth0 has no carrier/ })
    await network.ip(network.client, 'link', 'set', 'to-a', 'up')
    await network.ip(network.a, 'link', 'set', DEVICE, 'down')
    await assert.rejects(a.hold(LONG_MS), { message: /eth0 is down/ })
    await network.ip(network.a, 'link', 'set', DEVICE, 'up')
    await network.ip(network.a, 'address', 'replace', 'fd73::1/64', 'dev', DEVICE, 'nodad') // a link that goes down loses its IPv6 addresses
    await until('the carrier is back', 5_000, async () => await a.hold(LONG_MS).then(() => true, () => false))
  })

  test('a missing ip command is refused by name; a missing arping or ndptool is a problem that fails no hold', async () => {
    await a.setPath('/nonexistent')
    await assert.rejects(a.hold(LONG_MS), { message: /the program ip is missing/, hint: /iproute2/ })
    await assert.rejects(a.releaseEndpoint(), { message: /the program ip is missing/ })
    await a.announce()
    const problems = await until('the problem is told', 5_000, async () => {
      const told = await a.problems() as { part: string, problem: string }[]
      return told.length > 0 && told
    })
    assert.equal(problems[0]?.part, 'announcer')
    assert.match(problems[0].problem, /^(arping|ndptool) is missing: /)
  })

  test('a host that could not announce its addresses says so before it has them, and says nothing when it can', async () => {
    await a.held()
    assert.deepEqual(await a.problems(), [])
    await withPrograms(b, ['ndptool'], async () => {
      await build(b)
      await assert.rejects(b.held())
      const [told] = await b.problems() as { part: string, problem: string | null }[]
      assert.equal(told?.part, 'announcer')
      assert.match(told.problem ?? '', /^arping is missing: /)
    })
  })

  test('a missing arping is told once, although the look, the announcements and the question for duplicates all meet it; it ends when it works', async () => {
    await withPrograms(b, ['ip', 'ndptool'], async () => {
      await build(b)
      await b.held()
      await b.hold(LONG_MS)
      await b.announce()
      const asked = await until('duplicates were asked for', 10_000, async () => (await b.problems() as { part: string, problem: string }[]).find(({ part }) => part === 'duplicateCheck'))
      assert.equal(asked.problem, 'duplicate addresses are not looked for: the program ndisc6 is missing')
      assert.deepEqual((await b.problems() as { part: string }[]).map(({ part }) => part), ['announcer', 'duplicateCheck'])
    })
    await b.announce()
    await until('the problem ended', 5_000, async () => (await b.problems() as { part: string, problem: string | null }[]).some(({ part, problem }) => part === 'announcer' && problem === null))
  })

  test('a host that holds the address is no stranger to itself', async () => {
    await a.hold(LONG_MS)
    assert.equal(await a.findOwner(V4, DEVICE), null)
    assert.equal(await a.findOwner(V6, DEVICE), null)
  })

  test('a stranger with the same address is told by its hardware address, and delays nothing', async () => {
    const hardwareB = await hardwareOf(network.b)
    await a.hold(LONG_MS)
    await b.hold(LONG_MS)
    await until('a is told of both addresses of b', 10_000, async () => {
      const told = await a.duplicates() as { address: string, owner: string }[]
      return [V4, V6].every(({ address }) => told.some(one => one.address === address && one.owner === hardwareB))
    })
    await a.releaseEndpoint()
    await b.releaseEndpoint()
  })
})
