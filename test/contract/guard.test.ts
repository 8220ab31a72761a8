// Every guard against the real kernel: the server, its clients and a stranger are network namespaces that this test makes itself.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { execa } from 'execa'
import { createNetwork, type Network } from './support/namespaces.ts'
import { startHost, type Host } from './support/host.ts'
import { until } from './support/wait.ts'

const CLIENT_PORT = 6641
const REPLICATION_PORT = 16641
const SERVER = ['10.73.0.1', 'fd73::1'] as const
const DIAL_MS = 2_000
const OPTIONS = {
  cluster: 'ovn-central',
  node: 'n1',
  clientPorts: [CLIENT_PORT],
  replicationPorts: [REPLICATION_PORT],
  members: ['10.73.0.1', '10.73.0.2', 'fd73::1', 'fd73::2'],
  commandTimeoutMs: 5_000
}
const TABLE = 'ovsdb_ha_ovn_central'

describe('the nftables guard', () => {
  let network: Network
  let server: Host
  let member: Host
  let stranger: Host

  before(async () => {
    network = await createNetwork('guard')
  })
  after(async () => await network.remove())
  beforeEach(async () => {
    [server, member, stranger] = [network.a, network.b, network.client].map(startHost) as [Host, Host, Host]
    await server.buildGuard(OPTIONS)
    await server.listen('::', CLIENT_PORT)
    await server.listen('::', REPLICATION_PORT)
  })
  afterEach(async () => {
    for (const host of [server, member, stranger]) await host.stop()
    await execa('ip', ['netns', 'exec', network.a, 'nft', 'flush', 'ruleset'])
  })

  const slowFolders: string[] = []
  after(async () => {
    for (const folder of slowFolders) await rm(folder, { recursive: true, force: true })
  })

  async function assertDials (from: Host, port: number, expected: string): Promise<void> {
    for (const address of SERVER) assert.equal(await from.dial(address, port, DIAL_MS), expected, `${address} port ${port}`)
  }

  test('an installed guard shuts the clients\' port, on loopback too, before any lease (S4)', async () => {
    await assertDials(stranger, CLIENT_PORT, 'open')
    await server.install()
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
    await assertDials(member, CLIENT_PORT, 'ECONNREFUSED')
    await assertDials(server, CLIENT_PORT, 'ECONNREFUSED')
    assert.equal(await server.dial('127.0.0.1', CLIENT_PORT, DIAL_MS), 'ECONNREFUSED')
  })

  test('the port is open under the lease and shuts by itself at its end, although nobody acts (S4)', async () => {
    await server.install()
    await server.open(1_500)
    const openedMs = performance.now()
    await assertDials(stranger, CLIENT_PORT, 'open')
    const session = await stranger.talk(SERVER[0], CLIENT_PORT)
    const facts = await until('the session ends', 5_000, async () => {
      const now = await stranger.session(session)
      return now.ended !== null && now
    })
    const livedMs = performance.now() - openedMs
    assert.equal(facts.ended, 'ECONNRESET')
    assert.ok(livedMs > 1_200 && livedMs < 2_300, `lived ${livedMs} ms`)
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
  })

  test('the lease ends in time although the agent was killed (S4)', async () => {
    await server.install()
    await server.open(1_000)
    const opener = server
    server = startHost(network.a) // the listener lives in the process that is killed, so another one listens for it
    await opener.stop()
    await server.listen('::', CLIENT_PORT)
    await until('the port is shut', 5_000, async () => await stranger.dial(SERVER[0], CLIENT_PORT, DIAL_MS) === 'ECONNREFUSED')
    assert.equal(await server.dial('127.0.0.1', CLIENT_PORT, DIAL_MS), 'ECONNREFUSED')
  })

  test('renewals keep a session alive beyond the first timeout, without a gap', async () => {
    await server.install()
    await server.open(800)
    const sessions = [await stranger.talk(SERVER[0], CLIENT_PORT), await stranger.talk(SERVER[1], CLIENT_PORT)]
    const endMs = performance.now() + 2_500
    await until('2.5 s of renewals are over', 10_000, async () => {
      await server.open(800)
      return performance.now() > endMs
    })
    for (const session of sessions) {
      const facts = await stranger.session(session)
      assert.equal(facts.ended, null)
      assert.ok(facts.answers > 100, `${facts.answers} answers`)
      assert.ok(facts.longestGapMs < 500, `a gap of ${facts.longestGapMs} ms`)
    }
  })

  test('a later open with less time shortens the lease', async () => {
    await server.install()
    await server.open(60_000)
    await server.open(500)
    await until('the port is shut', 3_000, async () => await stranger.dial(SERVER[0], CLIENT_PORT, DIAL_MS) === 'ECONNREFUSED')
  })

  test('close resets established sessions at once, and closing what is shut is fine', async () => {
    await server.install()
    await server.open(60_000)
    const session = await stranger.talk(SERVER[0], CLIENT_PORT)
    await server.close()
    const facts = await until('the session ends', 2_000, async () => {
      const now = await stranger.session(session)
      return now.ended !== null && now
    })
    assert.equal(facts.ended, 'ECONNRESET')
    await server.close()
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
    await server.open(60_000)
    await assertDials(stranger, CLIENT_PORT, 'open')
  })

  test('installing again keeps a running lease and its sessions: the agent restarted', async () => {
    await server.install()
    await server.open(60_000)
    const session = await stranger.talk(SERVER[0], CLIENT_PORT)
    await server.install()
    const { answers } = await stranger.session(session)
    await until('the session goes on', 2_000, async () => (await stranger.session(session)).answers > answers + 20)
    assert.equal((await stranger.session(session)).ended, null)
    await assertDials(stranger, CLIENT_PORT, 'open')
  })

  test('the replication port is open for members at any time and shut for everybody else', async () => {
    await server.install()
    await assertDials(member, REPLICATION_PORT, 'open')
    await assertDials(server, REPLICATION_PORT, 'open')
    await assertDials(stranger, REPLICATION_PORT, 'ECONNREFUSED')
    await server.open(60_000)
    await assertDials(stranger, REPLICATION_PORT, 'ECONNREFUSED')
  })

  test('rules that somebody flushed come back with the next open, and with the next close', async () => {
    await server.install()
    await execa('ip', ['netns', 'exec', network.a, 'nft', 'flush', 'ruleset'])
    await server.open(60_000)
    await assertDials(stranger, CLIENT_PORT, 'open')
    await assertDials(stranger, REPLICATION_PORT, 'ECONNREFUSED')
    await execa('ip', ['netns', 'exec', network.a, 'nft', 'flush', 'ruleset'])
    await server.close()
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
  })

  test('remove leaves no rule behind, also twice', async () => {
    await server.install()
    await server.removeGuard()
    await server.removeGuard()
    assert.equal((await execa('ip', ['netns', 'exec', network.a, 'nft', 'list', 'tables'])).stdout, '')
    await assertDials(stranger, CLIENT_PORT, 'open')
  })

  test('a table that is not ours is left alone', async () => {
    const nft = ['netns', 'exec', network.a, 'nft']
    await execa('ip', [...nft, 'add', 'table', 'inet', 'others'])
    await server.install()
    await server.removeGuard()
    assert.equal((await execa('ip', [...nft, 'list', 'tables'])).stdout, 'table inet others')
  })

  test('a missing nft command, and one that refuses, are named', async () => {
    await execa('ip', ['netns', 'exec', network.a, 'nft', `add table inet ${TABLE}; add set inet ${TABLE} lease { type ipv4_addr; }`])
    await assert.rejects(server.install(), { code: 'OVSDB_HA_GUARD', message: /installing the guard of ports 6641 failed: nft: .*lease/ })
    await server.setPath('/nonexistent')
    await assert.rejects(server.open(1_000), { code: 'OVSDB_HA_GUARD', message: /the program nft is missing/, hint: /Install nftables/ })
    await assert.rejects(server.close(), { message: /the program nft is missing/ })
  })

  /** An nft that takes that long before it does anything, in one process, so that killing it ends it. */
  async function slowNft (seconds: number): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-slow-nft-'))
    const { stdout: real } = await execa('sh', ['-c', 'command -v nft'])
    await writeFile(join(folder, 'nft'), `#!/usr/bin/perl\nselect undef, undef, undef, ${seconds};\nexec '${real}', @ARGV;\n`, { mode: 0o755 })
    slowFolders.push(folder)
    return `${folder}:${process.env.PATH ?? ''}`
  }

  test('on a machine where nft takes long the ports are opened for less, and none later than the lease (S4)', async () => {
    await server.install()
    await server.setPath(await slowNft(0.3))
    await server.open(4_000)
    // as text: JSON has whole seconds
    const { stdout } = await execa('ip', ['netns', 'exec', network.a, 'nft', 'list', 'set', 'inet', TABLE, 'lease'])
    const [, seconds, milliseconds] = /timeout (\d+)s(?:(\d+)ms)? expires/.exec(stdout) ?? []
    const timeoutMs = Number(seconds) * 1_000 + Number(milliseconds ?? 0)
    // 200 ms for the first try, 400 ms for what the second one may take beyond that
    assert.ok(timeoutMs > 0 && timeoutMs <= 3_400, stdout)
    await assertDials(stranger, CLIENT_PORT, 'open')
  })

  test('an nft that never ends in time leaves the port shut, and says how long it was given', async () => {
    await server.install()
    await server.open(60_000)
    await server.setPath(await slowNft(1.5))
    await assert.rejects(server.open(10_000), { message: /nft took longer than 200, then 600, then 1200 ms/ })
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
  })

  test('a lease that is over already is refused and leaves the port shut', async () => {
    await server.install()
    await server.open(60_000)
    await assert.rejects(server.open(0), { message: /the lease ended before/ })
    await assertDials(stranger, CLIENT_PORT, 'ECONNREFUSED')
  })
})
