import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { isGone, readStat } from '../../agent/process-handle.ts'
import { connectOvsdb } from '../../agent/ovsdb/client.ts'
import {
  createTestNodes, descriptors, dial, GATE_ADDRESS, insertRows, PLAINLY, position, promoteBehindOurBack, signalAndWait, startByHand, switchNames, VERSIONS
} from './ovsdb-server-fixture.ts'
import { createCertificates } from './ovsdb-fixture.ts'
import { until } from './support/wait.ts'
import { loopbackAddress } from './support/loopback.ts'

const NEVER_ABORTED = new AbortController().signal

for (const version of VERSIONS) {
  describe(`one ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    test('a server that is started anew is a backup on the placeholder, detached and without descriptors of ours (S5)', async () => {
      const a = await node('a')
      assert.deepEqual(await a.server().start(), { adopted: false })
      const seen = await a.server().observe()
      assert.deepEqual({ ...seen, pid: 0, fileBytes: 0, version: '' }, {
        health: 'up',
        reason: null,
        overdue: false,
        role: 'backup',
        source: null,
        replication: 'connecting',
        complete: true,
        incompleteReason: null,
        position: null,
        hasRows: false,
        pid: 0,
        version: '',
        fileBytes: 0,
        gateOpen: false
      })
      assert.equal(seen.pid, await a.pid())
      assert.match(seen.version ?? '', /^3\.\d+\.\d+$/)
      const session = (await readFile(`/proc/${seen.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ')[3]
      assert.equal(session, String(seen.pid), 'it leads a session of its own')
      const [theirs, ours] = [await descriptors(seen.pid ?? 0), await descriptors(process.pid)]
      for (const [descriptor, target] of theirs) {
        if (descriptor <= 2) assert.equal(target, '/dev/null')
        else if (target !== '/dev/null') assert.ok(![...ours.values()].includes(target), `it holds our ${target}`)
      }
    })

    test('an agent that starts again adopts the process as it is, active or not, and does not touch it', async () => {
      const a = await active()
      const pid = await a.pid()
      const server = await a.restartAgent()
      assert.deepEqual(await server.start(), { adopted: true })
      const seen = await server.observe()
      assert.deepEqual([seen.pid, seen.role, seen.complete, seen.position], [pid, 'active', true, position(1)])
    })

    test('a promoted server takes writes and tells its position; demoted it refuses them and keeps the data', async () => {
      const a = await active('a', 3)
      const client = await a.client()
      await insertRows(client, 's', 3)
      await a.server().writeHeartbeat(position(3, 2))
      assert.deepEqual((await a.server().observe()).position, position(3, 2))
      await a.server().becomeBackup()
      await assert.rejects(insertRows(client, 't', 1), /read only/)
      assert.deepEqual(await switchNames(client), ['s0', 's1', 's2'])
      assert.equal((await a.server().observe()).role, 'backup')
      client.destroy()
    })

    test('it follows neither itself nor an endpoint nor a source that does not answer, and stays complete (S5)', async () => {
      const a = await node('a')
      await a.server().start()
      for (const [name, address, words] of [['a', loopbackAddress(1), /itself/], ['b', GATE_ADDRESS, /endpoint/], ['b', loopbackAddress(9), /does not answer/]] as const) {
        await assert.rejects(a.server().follow({ node: name, address }, NEVER_ABORTED), words)
      }
      assert.equal((await a.server().observe()).complete, true)
    })

    test('a source with another schema is refused before anything is touched (S5)', async () => {
      const a = await node('a', { server: { schemaFile: '/usr/share/ovn/ovn-sb.ovsschema', database: 'OVN_Southbound' } })
      await a.server().start()
      await a.server().promote(position(1), PLAINLY)
      await a.server().openGate([])
      const b = await node('b')
      await b.server().start()
      await assert.rejects(b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED), /serves OVN_Southbound, OVSDB_HA/)
      const seen = await b.server().observe()
      assert.deepEqual([seen.role, seen.source, seen.complete], ['backup', null, true])
    })

    test('the gate exists only between openGate and closeGate, and its sessions end with it (S4)', async () => {
      const a = await active()
      await a.server().openGate([GATE_ADDRESS])
      assert.equal((await a.server().observe()).gateOpen, true)
      const outside = await connectOvsdb({ target: { method: 'tcp', host: GATE_ADDRESS, port: 26641 }, connectTimeoutMs: 3_000, callTimeoutMs: 3_000 })
      const ended = new Promise<void>(resolve => { outside.onClose(() => resolve()) })
      await insertRows(outside, 'g', 1)
      await a.server().closeGate()
      await ended
      await assert.rejects(dial(GATE_ADDRESS, 26641), /ECONNREFUSED/)
      assert.equal((await a.server().observe()).gateOpen, false)
    })

    test('SIGKILL is told at once, closes the gate for certain, and the next start is a backup with the data', async () => {
      const a = await active()
      const client = await a.client()
      await insertRows(client, 's', 2)
      await a.server().openGate([GATE_ADDRESS])
      let troubles = 0
      a.server().onTrouble(() => { troubles += 1 })
      process.kill(await a.pid(), 'SIGKILL')
      await until('the loss is told', 2_000, () => troubles === 1)
      const startMs = performance.now()
      await a.server().closeGate()
      assert.ok(performance.now() - startMs < 500, `closeGate took ${performance.now() - startMs} ms`)
      const down = await a.server().observe()
      assert.deepEqual([down.health, down.role, down.pid], ['down', 'unknown', null])
      assert.match(down.reason ?? '', /ended/)
      assert.equal(troubles, 1, 'once per loss')
      assert.deepEqual(await a.server().start(), { adopted: false })
      const back = await a.server().observe()
      assert.deepEqual([back.health, back.role, back.complete, back.hasRows, back.gateOpen], ['up', 'backup', true, true, false])
      process.kill(await a.pid(), 'SIGKILL')
      await until('the second loss is told too', 2_000, () => troubles === 2)
    })

    test('a stopped server is hung, its gate cannot be told shut, and kill ends it', async () => {
      const a = await active()
      let troubles = 0
      a.server().onTrouble(() => { troubles += 1 })
      const pid = await a.pid()
      await signalAndWait(pid, 'SIGSTOP')
      const seen = await until('it is called hung', 5_000, async () => {
        const look = await a.server().observe()
        return look.health === 'hung' && look
      })
      assert.match(seen.reason ?? '', /stopped/)
      assert.equal(seen.role, 'unknown')
      assert.equal(troubles, 1)
      await assert.rejects(a.server().closeGate(), { code: 'OVSDB_HA_GATE' })
      const stat = await readStat(pid)
      await a.server().kill()
      assert.ok(stat !== null && await isGone(stat))
      await a.server().closeGate()
    })

    test('a server that works on a large transaction is busy and not hung', async () => {
      const a = await active()
      const client = await a.client()
      await insertRows(client, 's', 20_000)
      // each `select` looks at every row for 1 to 2 ms and finds none, so the single-threaded server is at work for seconds
      const look = { op: 'select', table: 'Logical_Switch', where: [['name', '==', 'no such switch']], columns: ['name'] }
      const work = client.transact('OVN_Northbound', Array.from({ length: 1_500 }, () => look))
      const healths: string[] = []
      const finished = work.then(() => true, () => true)
      for (let done = false; !done; done = await Promise.race([finished, Promise.resolve(false)])) healths.push((await a.server().observe()).health)
      assert.ok(healths.includes('busy'), healths.join())
      assert.ok(healths.every(health => health === 'busy' || health === 'up'), healths.join())
      await until('it is up again', 5_000, async () => (await a.server().observe()).health === 'up')
      client.destroy()
    })

    for (const [what, content] of [['empty', ''], ['garbled', 'not a number\n'], ['stale', '4194303\n'], ['another program\'s', `${process.pid}\n`]] as const) {
      test(`${what === 'empty' ? 'an' : 'a'} ${what} pid file neither hides a running server nor makes one up`, async () => {
        const a = await active()
        const pid = await a.pid()
        await writeFile(a.config.pidFile, content)
        const server = await a.restartAgent()
        assert.deepEqual(await server.start(), { adopted: true })
        assert.equal((await server.observe()).pid, pid)
        const stat = await readStat(pid)
        await server.kill()
        assert.ok(stat !== null && await isGone(stat))
        await writeFile(a.config.pidFile, content)
        assert.equal((await server.observe()).health, 'down')
        assert.deepEqual(await server.start(), { adopted: false })
      })
    }

    test('a server killed in the middle of a resync is not complete, also for the next agent (S6)', async () => {
      const [a, b] = [await active(), await node('b')]
      const source = await a.client()
      await insertRows(source, 'a', 50_000)
      await b.server().start()
      const pid = await b.pid()
      const following = b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED).then(() => 'complete', () => 'failed')
      await until('the resync began', 10_000, async () => JSON.parse(await readFile(join(b.folder, 'state', 'test-nb.copy.json'), 'utf8')).complete === false)
      await signalAndWait(pid, 'SIGKILL')
      assert.equal(await following, 'failed')
      const server = await b.restartAgent()
      await server.start()
      const seen = await server.observe()
      assert.deepEqual([seen.complete, seen.incompleteReason], [false, `interrupted resync from tcp:${loopbackAddress(1)}:26741`])
      await server.follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal((await server.observe()).complete, true)
      source.destroy()
    })

    test('a follow that is called off ends at once, and the copy is complete when the server finished it by itself', async () => {
      const [a, b] = [await active(), await node('b')]
      const source = await a.client()
      await insertRows(source, 'a', 20_000)
      await b.server().start()
      const order = new AbortController()
      const following = b.server().follow({ node: 'a', address: a.address }, order.signal).then(() => 'complete', (error: { code?: string }) => error.code)
      await until('the resync began', 10_000, async () => JSON.parse(await readFile(join(b.folder, 'state', 'test-nb.copy.json'), 'utf8')).complete === false)
      order.abort()
      assert.equal(await following, 'OVSDB_HA_FOLLOW_INCOMPLETE')
      const seen = await until('it is complete', 20_000, async () => {
        const look = await b.server().observe()
        return look.complete && look
      })
      assert.deepEqual([seen.role, seen.source, seen.hasRows], ['backup', `tcp:${loopbackAddress(1)}:26741`, true])
      source.destroy()
    })

    test('records that a start could not read make the copy incomplete, in the server\'s words', async () => {
      const a = await active()
      const client = await a.client()
      for (const prefix of ['one', 'two', 'three']) await insertRows(client, prefix, 1)
      client.destroy()
      await a.server().kill()
      const bytes = await readFile(a.config.databaseFile)
      bytes[bytes.indexOf('two0')] = 'x'.charCodeAt(0)
      await writeFile(a.config.databaseFile, bytes)
      await a.server().start()
      const seen = await a.server().observe()
      assert.equal(seen.complete, false)
      assert.match(seen.incompleteReason ?? '', /records lost at start: syntax error/)
    })

    test('over TLS and IPv6 it replicates and opens its gate just the same', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-tls-'))
      try {
        const tls = await createCertificates(folder)
        const secure = (port: number) => ({ tls, listen: { method: 'ssl' as const, port: 26642 }, replicationPort: port })
        const [a, b] = [await node('a', { address: '::1', server: secure(26742) }), await node('b', { address: loopbackAddress(2), server: secure(26742) })]
        await a.server().start()
        await a.server().promote(position(1), PLAINLY)
        await a.server().openGate(['::1'])
        const outside = await connectOvsdb({ target: { method: 'ssl', host: '::1', port: 26642, tls }, connectTimeoutMs: 3_000, callTimeoutMs: 3_000 })
        await insertRows(outside, 's', 3)
        await b.server().start()
        await b.server().follow({ node: 'a', address: '::1' }, NEVER_ABORTED)
        assert.deepEqual([(await b.server().observe()).source, (await b.server().observe()).hasRows], ['ssl:[::1]:26742', true])
        await a.server().closeGate()
        assert.equal((await a.server().observe()).gateOpen, false)
        outside.destroy()
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    test('an agent that attaches to a running active adopts it, may kill it, and never starts it', async () => {
      const a = await active()
      const pid = await a.pid()
      const client = await a.client()
      await insertRows(client, 's', 1)
      client.destroy()
      await a.server().detach()
      const attached = await node('a', { folder: a.folder, server: { run: { mode: 'attach', program: version.program, unit: null, control: version.control } } })
      assert.deepEqual(await attached.server().start(), { adopted: true })
      assert.deepEqual([(await attached.server().observe()).pid, (await attached.server().observe()).role], [pid, 'active'])
      await attached.server().becomeBackup()
      assert.equal((await attached.server().observe()).role, 'backup')
      await attached.server().kill()
      assert.equal((await attached.server().observe()).health, 'down')
      await assert.rejects(attached.server().start(), { code: 'OVSDB_HA_SERVER_NOT_OURS' })
    })

    test('a server that was started without our heartbeat database gets it as soon as it is a backup on the placeholder', { skip: version.control === 'configFile' && 'its file is ours, and names the database' }, async () => {
      const a = await node('a', { server: { run: { mode: 'attach', program: version.program, unit: null, control: 'appctl' } } })
      await startByHand(a)
      assert.deepEqual(await a.server().start(), { adopted: true })
      assert.deepEqual([(await a.server().observe()).role, (await a.server().observe()).position], ['active', null])
      await a.server().becomeBackup()
      await a.server().promote(position(1), PLAINLY)
      const seen = await a.server().observe()
      assert.deepEqual([seen.role, seen.position, seen.complete], ['active', position(1), true])
    })

    test('a backup that turned active by itself is told, and not complete until it followed again', async () => {
      const [a, b] = [await active(), await node('b')]
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const stat = await readStat(await b.pid())
      await promoteBehindOurBack(b)
      const seen = await b.server().observe()
      assert.deepEqual([seen.role, seen.complete], ['active', false])
      await b.server().observe()
      assert.equal(b.happened.filter(({ kind }) => kind === 'selfPromoted').length, 1)
      await b.server().becomeBackup()
      assert.deepEqual([(await b.server().observe()).role, (await b.server().observe()).complete], ['backup', false])
      assert.equal(stat === null || await isGone(stat), false, 'it was demoted, not restarted')
    })

    test('the last active that turned active by itself, and has followed nobody since, is told and as complete as it was', async () => {
      const a = await active()
      await a.server().becomeBackup()
      await promoteBehindOurBack(a)
      const seen = await a.server().observe()
      assert.deepEqual([seen.role, seen.complete], ['active', true])
      assert.equal(a.happened.filter(({ kind }) => kind === 'selfPromoted').length, 1)
      await a.server().becomeBackup()
      assert.deepEqual([(await a.server().observe()).role, (await a.server().observe()).complete], ['backup', true])
      await a.server().promote(position(2), PLAINLY)
    })
  })
}
